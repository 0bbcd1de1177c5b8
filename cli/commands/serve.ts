import { visible } from '../../src/core/text.ts'
import { defined } from '../../src/core/objects.ts'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { RunningServer } from '../../server/serve.ts'
import { dataFolder, readPolicyBytes } from '../../src/ledger/data-folder.ts'
import { knownCheckpoint } from '../files/known-checkpoint.ts'
import { commonFlags, outputOf } from '../options/client.ts'
import { dataDir, noteOwn } from '../options/policy.ts'
import { passphraseFile, passphraseFor } from '../options/passphrase.ts'
import { writeOut } from '../render/standard-output.ts'
import { readSettings, settingFlags } from '../serve/settings.ts'
import { untilStopped } from '../serve/until-stopped.ts'
import { version } from '../version.ts'
import { provideTrial } from '../serve/trial.ts'
import { hardwareKey, ledgerKeyFlags } from '../options/ledger-key.ts'
import { declare, type OptionsOf } from '../options/declare.ts'
import { policyFingerprint } from '../../src/core/policy-fingerprint.ts'

const flags = [
  ...commonFlags,
  ['--config <file>', 'JSON file with any of the settings below (docs/operations/configuration.md)'],
  ...settingFlags,
  ...ledgerKeyFlags,
  ['--print-config', 'print every setting, and where it comes from, and do not serve'],
] as const
type ServeCommandOptions = OptionsOf<typeof flags>

/** `evidence serve` */
export function serveCommand(program: Command): void {
  declare(
    program.command('serve'),
    'serve a ledger over HTTP',
    flags,
    '\nExample:\n  evidence serve --data /srv/ledger --host 0.0.0.0 --base-url https://ledger.court.example',
  ).action(async (options: ServeCommandOptions) => {
    if (options.printConfig === true) return printConfig(options)
    const stopped = untilStopped()
    const running = await start(options)
    await stopped
    await running.close()
  })
}

/** `evidence start`: what `npm start` runs; makes a trial ledger where there is none. */
export function startCommand(program: Command): void {
  declare(
    program.command('start'),
    'serve a trial ledger, made on first use (what "npm start" runs)',
    flags,
    '\nExample:\n  evidence start --port 8080 --data ./data',
  ).action(async (options: ServeCommandOptions) => {
    if (options.printConfig === true) return printConfig(options)
    const root = dataDir(options)
    const passphrase = folderPassphrase(root, options)
    const say = (line: string): void => writeOut(`${line}\n`)
    const origin = `localhost/${crypto.randomUUID().slice(0, 13).replace('-', '')}`
    const done = await provideTrial(root, {
      origin,
      reading: 'public',
      openDisclosures: false,
      ...defined({ passphrase }),
    })
    if (done === 'finished') say(`finished the trial ledger in ${root}`)
    if (done === 'made')
      say(
        `made a trial ledger, ${origin}, in ${root}: reading is public, sealed claims are not; not for evidence that matters`,
      )
    const stopped = untilStopped()
    // Quiet by default: the next thing to read is what to type.
    const running = await start({ ...options, logLevel: options.logLevel ?? 'warn' }, passphrase)
    say(
      `next, in another terminal: npx evidence deposit fixtures/case-001 --case "(2026)沪0104刑初123号"${elsewhere(running, root)}`,
    )
    say(`or in a browser: ${running.url}/`)
    await stopped
    await running.close()
  })
}

/** What a client must be told where the defaults do not lead to this server. */
function elsewhere({ url }: RunningServer, root: string): string {
  return `${url === 'http://127.0.0.1:8080' ? '' : ` --url ${url}`}${root === 'data' ? '' : ` --data ${root}`}`
}

/** The passphrase of the keys in a data folder, those of a trial ledger included. */
function folderPassphrase(root: string, options: ServeCommandOptions): string | undefined {
  const { ledgerKey, ledgerMlDsaKey } = dataFolder(root)
  return passphraseFor([ledgerKey, ledgerMlDsaKey], passphraseFile(options))
}

async function start(options: ServeCommandOptions, given?: string): Promise<RunningServer> {
  // Loaded here: the server's packages take longer to load than most commands take to run.
  const { serve, serverSettings } = await import('../../server/index.ts')
  const { settings } = readSettings(options, process.env, serverSettings)
  const known = await Promise.all(settings.knownCheckpoints.map(knownCheckpoint))
  const inHardware = await hardwareKey(options)
  const passphrase = inHardware === undefined ? (given ?? folderPassphrase(dataDir(options), options)) : undefined
  const running = await serve({
    dataDir: dataDir(options),
    settings,
    known,
    version,
    ...defined({ passphrase, ledgerKey: inHardware?.key }),
  }).catch(async (error: unknown) => {
    await inHardware?.close()
    throw error
  })
  noteOwn(dataDir(options))
  const fingerprint = policyFingerprint(readPolicyBytes(dataFolder(dataDir(options)).policy))
  writeOut(`listening on ${running.url}\npolicy fingerprint ${fingerprint} (what "evidence setup" compares)\n`)
  const { claimsRefusal } = running.ledger
  if (claimsRefusal !== undefined)
    writeOut(
      `${visible(claimsRefusal.message)}${claimsRefusal.code === 'claims-shut' ? ': see "evidence ledger open-claims --help"' : ''}\n`,
    )
  return {
    ...running,
    close: async () => {
      await running.close()
      // The last to go: what was accepted is signed while the server closes.
      await inHardware?.close()
    },
  }
}

/** Every setting with its origin. No setting is a secret: keys and passphrases are files, of which the name alone is shown. */
async function printConfig(options: ServeCommandOptions): Promise<void> {
  const { serverSettings } = await import('../../server/index.ts')
  const { settings, origins } = readSettings(options, process.env, serverSettings)
  const file = passphraseFile(options)
  const shown = {
    data: resolve(dataDir(options)),
    ...(file === undefined ? {} : { passphraseFile: resolve(file), passphrase: '(hidden)' }),
    settings,
  }
  const lines = Object.entries(settings).map(
    ([name, value]) => `${name.padEnd(24)} ${JSON.stringify(value)}  (${origins[name] ?? 'default'})`,
  )
  const hidden = file === undefined ? [] : [`${'passphrase'.padEnd(24)} (hidden)  (${file})`]
  outputOf(options).result({ ...shown, origins }, [`${'data'.padEnd(24)} ${shown.data}`, ...lines, ...hidden])
}
