import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { append } from '../../src/core/arrays.ts'
import { EvidenceError, isEvidenceError } from '../../src/core/errors.ts'
import { parsePolicy, type Policy } from '../../src/core/policy.ts'
import { readPolicyBytes } from '../../src/ledger/data-folder.ts'
import { serveCopy } from '../../src/monitor/copy-server.ts'
import { holdPrivateFolder } from '../../src/node/folder-filling.ts'
import { installNativePrimitives } from '../../src/node/native.ts'
import { exitOf, followLedger, ledgerPoint, originOf, policyFor, tell } from '../follow/followed-ledger.ts'
import { clientFlagsButUrl, outputOf, policyDefault, signedClient } from '../options/client.ts'
import { count } from '../../src/core/text.ts'
import { pause, stopSignal } from '../serve/until-stopped.ts'
import { serverUrl } from '../../src/client/server-url.ts'
import { declare, type OptionsOf, repeated } from '../options/declare.ts'
import { seconds } from '../options/values.ts'
import { requirePolicy } from '../options/policy.ts'

const help = `
Keeps a full copy of a ledger as static files (C2SP tlog-tiles) that any web server of the same user can serve. Nothing is kept that was not verified, and a
run that was cut off goes on. --serve serves it too, also when the ledger is gone: "evidence verify --url MIRROR" and "evidence receipt
INDEX --url MIRROR" then read from the mirror, with the ledger's own policy. What was got with --key is served with --serve-entries alone.
Exit code 1 where the ledger misbehaves; proofs are in DIR/proofs.

Example:
  evidence mirror https://ledger.court.example /srv/mirror --policy court.policy --serve --port 8081`

const flags = [
  ...clientFlagsButUrl({ policy: `the one in DIR, ${policyDefault}` }),
  ['--serve', 'serve the copy, read-only'],
  ['--host <address>', 'address to listen on', '127.0.0.1'],
  ['--port <number>', 'port to listen on; 0 for any', '8081'],
  ['--base-url <url>', 'where the copy is reached, if a proxy passes that name on', repeated],
  ['--serve-entries', 'serve entries even where the ledger gives them by right only'],
  ['--interval <seconds>', 'pause between two looks', '10'],
  ['--once', 'copy what is there now, then end'],
] as const
type MirrorOptions = OptionsOf<typeof flags>

/** `evidence mirror URL DIR` */
export function mirrorCommand(program: Command): void {
  declare(
    program.command('mirror <ledger> <dir>'),
    'keep a full verified copy of a ledger, and serve it',
    flags,
    help,
  ).action(async (url: string, dir: string, options: MirrorOptions) => {
    installNativePrimitives()
    process.exitCode = await mirror(url, dir, options)
  })
}

async function mirror(url: string, dir: string, options: MirrorOptions): Promise<number> {
  const output = outputOf(options)
  const pauseMs = seconds(options.interval, '--interval') * 1000
  if (options.once === true && options.serve === true)
    throw new EvidenceError('usage', 'give one of --once and --serve')
  const port = /^[0-9]{1,5}$/.test(options.port) ? Number(options.port) : 65_536
  if (port > 65_535) throw new EvidenceError('usage', `${JSON.stringify(options.port)} is not a port`)
  const baseUrls = (options.baseUrl ?? []).map(serverUrl)
  const { policy, bytes } = policyFrom(dir, options)
  return holdPrivateFolder(dir, async () => {
    const point = ledgerPoint(url, await identityAt(url, options))
    const origin = await originHere(point, policy)
    policyFor(origin, [policy], url)
    const { copy, monitor, found } = await followLedger({
      origin,
      policy,
      folder: dir,
      proofs: join(dir, 'proofs'),
      points: () => [point],
    })
    copy.folder.writePolicy(bytes)
    const events = [...found]
    tell(found, output)
    for await (const part of monitor.look()) {
      append(events, part)
      tell(part, output)
    }
    if (options.serve !== true && options.once === true) {
      output.note(`holds ${count(copy.size)} entries of ${origin}`)
      return exitOf(events)
    }
    const entries = options.key === undefined || options.serveEntries === true
    const server =
      options.serve === true ? await serveCopy(copy, { host: options.host, port, baseUrls, entries }) : undefined
    if (server !== undefined) output.line({ event: 'listening', url: server.url }, `listening on ${server.url}`)
    const stopped = stopSignal()
    while (!stopped.aborted) {
      await pause(pauseMs, stopped)
      if (stopped.aborted) break
      tell(await monitor.poll(), output)
    }
    await server?.close()
    return 0
  })
}

/** --policy, the one that the copy was begun with, or the one that is named otherwise. Throws as {@link requirePolicy}, and the codes of a policy. */
function policyFrom(dir: string, options: MirrorOptions): { readonly policy: Policy; readonly bytes: Uint8Array } {
  const kept = join(dir, 'policy')
  const isKept = options.policy === undefined && existsSync(kept)
  const bytes = new Uint8Array(readPolicyBytes(isKept ? kept : requirePolicy(options).path))
  return { policy: parsePolicy(bytes), bytes }
}

async function identityAt(url: string, options: MirrorOptions) {
  return options.key === undefined ? undefined : (await signedClient({ ...options, url }, outputOf(options))).identity
}

/** What the ledger says it is; of one that is gone, what the policy names. */
async function originHere(point: ReturnType<typeof ledgerPoint>, policy: Policy): Promise<string> {
  try {
    return await originOf(point)
  } catch (error) {
    const [only, ...others] = policy.logs
    if (isEvidenceError(error) && error.kind.exit === 3 && only !== undefined && others.length === 0)
      return only.key.name
    throw error
  }
}
