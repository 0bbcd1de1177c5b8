import { join } from 'node:path'
import type { Command } from 'commander'
import { append } from '../../src/core/arrays.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { parseDigestName } from '../../src/core/hash.ts'
import { defined } from '../../src/core/objects.ts'
import { LedgerClient } from '../../src/client/ledger-client.ts'
import { readPolicyFile } from '../../src/ledger/data-folder.ts'
import { type Channel, Delivery } from '../../src/monitor/delivery.ts'
import type { MonitorEvent } from '../../src/monitor/events.ts'
import { callHook } from '../../src/monitor/hook.ts'
import { callWebhook, webhookUrl } from '../../src/monitor/webhook.ts'
import { holdPrivateFolder } from '../../src/node/folder-filling.ts'
import { installNativePrimitives } from '../../src/node/native.ts'
import { exitOf, type LedgerPoint, ledgerPoint, tell } from '../follow/followed-ledger.ts'
import { Monitors } from '../follow/monitors.ts'
import { clientKey, commonFlags, identify, outputOf, policyDefault } from '../options/client.ts'
import { declare, type OptionsOf, repeated } from '../options/declare.ts'
import { passphraseFlag } from '../options/passphrase.ts'
import { Output } from '../render/output.ts'
import { pause, stopSignal } from '../serve/until-stopped.ts'
import { seconds } from '../options/values.ts'
import { policyOf } from '../options/policy.ts'

const help = `
Follows ledgers that it does not trust. Every new checkpoint and entry is verified; all URLs of one ledger, and its witnesses, must show
one history. Whatever misbehaves is proven by a file in STATE/proofs, which "evidence check FILE --policy POLICY" reads, offline. With
--json each event is a line. --once looks once, and ends with 1 after an alarm; else it goes on, and tells alarms and watched entries to
--hook (event as JSON on standard input; no shell) and --webhook. What one of them does not take is kept in STATE and tried again.

Example:
  evidence monitor https://ledger.court.example https://mirror.notary.example/court --policy court.policy --state /srv/monitor`

const flags = [
  ...commonFlags,
  ['--state <dir>', 'folder of the verified copies and of proofs', 'monitor'],
  ['--policy <file>', `policy of a ledger, one for each (default: ${policyDefault})`, repeated],
  ['--witness <url>', 'a witness’s monitoring prefix', repeated],
  ['--watch-digest <digest>', 'tell of entries with sha256:… or another digest', repeated],
  ['--watch-participant <id>', 'tell of entries by or about a participant', repeated],
  ['--watch-case <number>', 'tell of entries of a case, where the key may read disclosures', repeated],
  ['--hook <program>', 'program to run on an alarm'],
  ['--hook-arg <argument>', 'an argument of it', repeated],
  ['--webhook <url>', 'URL to post alarms to'],
  ['--allow-private', 'let the webhook be on a private network'],
  ['--interval <seconds>', 'pause between two looks', '60'],
  ['--once', 'look once, then end'],
  ['--key <file>', 'auditor’s key, where entries are for participants'],
  ['--id <participant>', 'participant id of the key'],
  passphraseFlag,
] as const
type MonitorOptions = OptionsOf<typeof flags>

/** `evidence monitor URL…` */
export function monitorCommand(program: Command): void {
  declare(
    program.command('monitor <url...>'),
    'follow ledgers that are not trusted; alarm when one misbehaves',
    flags,
    help,
  ).action(async (urls: string[], options: MonitorOptions) => {
    installNativePrimitives()
    process.exitCode = await monitor(urls, options)
  })
}

async function monitor(urls: readonly string[], options: MonitorOptions): Promise<number> {
  const output = outputOf(options)
  const pauseMs = seconds(options.interval, '--interval') * 1000
  if (options.webhook !== undefined) webhookUrl(options.webhook)
  options.watchDigest?.forEach(requireDigest)
  const policies = options.policy?.map((file) => readPolicyFile(file)) ?? [policyOf(defined({ data: options.data }))]
  return holdPrivateFolder(options.state, async () => {
    const delivery = new Delivery({
      file: join(options.state, 'undelivered.json'),
      channels: channelsOf(options),
      onFailure: ({ code, message }) => new Output(false).note(`evidence: ${code}: ${message}`),
    })
    const stopped = stopSignal()
    const points = await Promise.all(urls.map((url) => pointOf(url, options)))
    const told: MonitorEvent[] = []
    const monitors = new Monitors(points, policies, options, output, (events) => {
      if (options.once === true) append(told, events)
      tell(events, output, delivery)
    })
    while (true) {
      const { ended } = await monitors.look()
      if (options.once === true) {
        await ended
        await delivery.settled()
        return exitOf(told)
      }
      // A ledger that takes its time keeps no other waiting.
      await Promise.race([ended, pause(pauseMs, stopped)])
      await pause(pauseMs, stopped)
      if (stopped.aborted) {
        await ended
        await delivery.settled()
        return 0
      }
    }
  })
}

function channelsOf({ hook, hookArg = [], webhook, allowPrivate }: MonitorOptions): Record<string, Channel> {
  return {
    ...(hook === undefined ? {} : { hook: (event) => callHook([hook, ...hookArg], event) }),
    ...(webhook === undefined
      ? {}
      : { webhook: (event) => callWebhook(webhook, event, { allowPrivate: allowPrivate === true }) }),
  }
}

/** Throws `usage`. */
function requireDigest(digest: string): void {
  if (parseDigestName(digest) === undefined)
    throw new EvidenceError('usage', `${JSON.stringify(digest)} is not <algorithm>:<lower-case hex>`)
}

async function pointOf(url: string, { key: file, id, passphraseFile }: MonitorOptions): Promise<LedgerPoint> {
  if (file === undefined) return ledgerPoint(url)
  const options = { key: file, ...defined({ id, passphraseFile }) }
  const { key, path } = clientKey(options)
  return ledgerPoint(url, await identify(options, new LedgerClient(url), key, path))
}
