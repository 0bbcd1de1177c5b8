import { defined } from '../../src/core/objects.ts'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { RunningServer } from '../../server/serve.ts'
import { dataFolder } from '../../src/ledger/data-folder.ts'
import { openLedgerKey } from '../options/ledger-key.ts'
import { knownCheckpoint } from '../files/known-checkpoint.ts'
import { type CommonOptions, outputOf, withCommon } from '../options/client.ts'
import { dataDir, noteOwn } from '../options/policy.ts'
import { passphraseFile, passphraseFor } from '../options/passphrase.ts'
import { writeOut } from '../render/standard-output.ts'
import { readSettings, type SettingFlags } from '../serve/settings.ts'
import { stopSignal } from '../serve/stop-signal.ts'
import { version } from '../version.ts'
import { provideTrial } from '../serve/trial.ts'

interface ServeCommandOptions extends CommonOptions, SettingFlags {
  readonly printConfig?: boolean
  readonly passphraseFile?: string
  readonly ledgerKey?: string
}

function withServing(command: Command): Command {
  return withCommon(command)
    .option('--config <file>', 'JSON file with any of the settings below (docs/operations/configuration.md)')
    .option('--host <address>', 'address to listen on (default 127.0.0.1)')
    .option('--port <port>', 'port to listen on, 0 for any (default 8080)')
    .option('--base-url <url...>', 'the server’s public name, which access tokens must carry')
    .option('--rate-limit <n>', 'statements a minute that one key may send (default 600000)')
    .option('--max-queue <n>', 'statements that may wait to be sequenced (default 8192)')
    .option('--max-clock-gap <days>', 'how far the clock may be ahead of the last entry at start (default 31)')
    .option('--accept-clock-gap', 'the clock is right, however far ahead of the last entry')
    .option('--known-checkpoint <file|url...>', 'kept elsewhere: a ledger that has gone back behind it does not start')
    .option('--require-follower <id>', 'answer nothing before this auditor’s "evidence follow" holds it too')
    .option('--follower-timeout <seconds>', 'how long a deposit waits for the follower (default 5)')
    .option('--witness-timeout <seconds>', 'how long a witness of the policy may take to answer (default 10)')
    .option('--accept-unreachable-witnesses', 'start although too many witnesses are silent to tell a rollback')
    .option('--log-level <level>', 'fatal, error, warn, info, debug or silent (default info)')
    .option('--ledger-key <uri>', 'pkcs11: URI of a key in hardware (default: the data folder’s key file)')
    .option('--passphrase-file <file>', 'file that holds the ledger key’s passphrase, or its PIN')
    .option('--print-config', 'print every setting, and where it comes from, and do not serve')
}

/** `evidence serve` */
export function serveCommand(program: Command): void {
  withServing(program.command('serve').description('serve a ledger over HTTP'))
    .addHelpText(
      'after',
      '\nExample:\n  evidence serve --data /srv/ledger --host 0.0.0.0 --base-url https://ledger.court.example',
    )
    .action(async (options: ServeCommandOptions) => {
      if (options.printConfig === true) return printConfig(options)
      const stopped = stopSignal()
      const running = await start(options)
      await stopped
      await running.close()
    })
}

/** `evidence start`: what `npm start` runs; makes a trial ledger where there is none. */
export function startCommand(program: Command): void {
  withServing(program.command('start').description('serve a trial ledger, made on first use (what "npm start" runs)'))
    .addHelpText('after', '\nExample:\n  evidence start --port 8080 --data ./data')
    .action(async (options: ServeCommandOptions) => {
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
      const stopped = stopSignal()
      // Quiet by default: the next thing to read is what to type.
      const running = await start({ ...options, logLevel: options.logLevel ?? 'warn' }, passphrase)
      say(
        `next, in another terminal: npx evidence deposit fixtures/case-001 --case "(2026)沪0104刑初123号"${elsewhere(running, root)}`,
      )
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
  const inHardware =
    options.ledgerKey === undefined ? undefined : await openLedgerKey(options.ledgerKey, passphraseFile(options))
  const passphrase = inHardware === undefined ? (given ?? folderPassphrase(dataDir(options), options)) : undefined
  const running = await serve({
    dataDir: dataDir(options),
    settings,
    known,
    version,
    ...defined({ passphrase }),
    ...(inHardware === undefined ? {} : { ledgerKey: inHardware.key }),
  }).catch(async (error: unknown) => {
    await inHardware?.close()
    throw error
  })
  noteOwn(dataDir(options))
  writeOut(`listening on ${running.url}\n`)
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
