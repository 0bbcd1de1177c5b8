import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { EvidenceError } from '../../src/core/errors.ts'
import type { VerifierKey } from '../../src/core/note.ts'
import { defined } from '../../src/core/objects.ts'
import { serverUrl } from '../../src/client/server-url.ts'
import { fileBounds, readNamed } from '../../src/node/bounded-file.ts'
import { createWitness } from '../../src/witness/create.ts'
import { originHash, readWitnessConfig, witnessFolder, type WitnessFolder } from '../../src/witness/folder.ts'
import { requireStateOf } from '../../src/witness/known-origins.ts'
import { addLogs, parseLogList, readLogList, removeLog, type WitnessedLog } from '../../src/witness/log-list.ts'
import { type CommonOptions, jsonFlag, outputOf } from '../options/client.ts'
import { declare, type OptionsOf, repeated, required } from '../options/declare.ts'
import { passphraseFile, passphraseFor, readPassphrase } from '../options/passphrase.ts'
import { commandLine } from '../render/command-line.ts'
import { writeOut } from '../render/standard-output.ts'
import { untilStopped } from '../serve/until-stopped.ts'
import { codeArgument } from '../options/values.ts'

const example = `
Example:
  evidence witness init --data /srv/witness --name witness.notary.example/w1
  evidence witness add-log policy-of-the-ledger --data /srv/witness
  evidence witness serve --data /srv/witness --host 0.0.0.0`

/** `evidence witness init|serve|add-log|remove-log|list-logs` */
export function witnessCommand(program: Command): void {
  const group = program
    .command('witness')
    .description('cosign the checkpoints of other ledgers (C2SP tlog-witness)')
    .addHelpText('after', example)
  initCommand(group)
  serveCommand(group)
  addCommand(group)
  removeCommand(group)
  listCommand(group)
}

function witnessDir(options: CommonOptions): string {
  return options.data ?? process.env['EVIDENCE_WITNESS_DATA'] ?? 'witness'
}

/** The folder of a witness that is there. Throws the codes of readWitnessConfig. */
function openFolder(options: CommonOptions): WitnessFolder {
  const folder = witnessFolder(witnessDir(options))
  readWitnessConfig(folder)
  return folder
}

const folderFlags = [
  jsonFlag,
  ['--data <dir>', 'the witness’s folder (default: $EVIDENCE_WITNESS_DATA or ./witness)'],
] as const

function vkeysOf([ed25519, mlDsa]: readonly [VerifierKey, VerifierKey]): { ed25519: string; mlDsa44: string } {
  return { ed25519: ed25519.text, mlDsa44: mlDsa.text }
}

const initFlags = [
  ...folderFlags,
  ['--name <name>', 'key name of both keys, such as witness.notary.example/w1', required],
  ['--passphrase-file <file>', 'file that holds a passphrase for the keys'],
] as const

function initCommand(group: Command): void {
  declare(
    group.command('init'),
    'make a witness: its keys, and an empty list of logs',
    initFlags,
    '\nExample:\n  evidence witness init --data /srv/witness --name witness.notary.example/w1',
  ).action((options: OptionsOf<typeof initFlags>) => {
    const root = witnessDir(options)
    const keys = vkeysOf(createWitness(root, options.name, readPassphrase(passphraseFile(options))))
    outputOf(options).result({ data: root, name: options.name, vkeys: keys }, [
      `made the witness ${options.name} in ${root}; lines for a policy, of which a ledger takes one or both:`,
      `  witness NAME ${keys.ed25519} https://WHERE-IT-IS-SERVED`,
      `  witness NAME-ML-DSA ${keys.mlDsa44} https://WHERE-IT-IS-SERVED`,
      `next: ${commandLine('evidence', 'witness', 'add-log', 'POLICY', ['--data', root])}`,
      `then: ${commandLine('evidence', 'witness', 'serve', ['--data', root], ['--passphrase-file', passphraseFile(options)])}`,
    ])
  })
}

const serveFlags = [
  ...folderFlags,
  ['--host <address>', 'address to listen on', '127.0.0.1'],
  ['--port <port>', 'port to listen on, 0 for any', '8081'],
  ['--base-url <url>', 'where the witness is reached, if a proxy passes that name on', repeated],
  ['--log-level <level>', 'fatal, error, warn, info, debug or silent', 'info'],
  ['--passphrase-file <file>', 'file that holds the keys’ passphrase'],
] as const

function serveCommand(group: Command): void {
  declare(
    group.command('serve'),
    'serve add-checkpoint, sign-subtree and the cosigned checkpoints',
    serveFlags,
    '\nExample:\n  evidence witness serve --data /srv/witness --host 0.0.0.0 --port 8081',
  ).action(async (options: OptionsOf<typeof serveFlags>) => {
    const { serveWitness } = await import('../../server/index.ts')
    const levels = ['fatal', 'error', 'warn', 'info', 'debug', 'silent'] as const
    const logLevel = codeArgument(options.logLevel, levels, 'log level')
    const { ed25519Key, mlDsaKey } = witnessFolder(witnessDir(options))
    const passphrase = passphraseFor([ed25519Key, mlDsaKey], passphraseFile(options))
    const stopped = untilStopped()
    const running = await serveWitness({
      dataDir: witnessDir(options),
      host: options.host,
      port: portArgument(options.port),
      baseUrls: (options.baseUrl ?? []).map(serverUrl),
      logLevel,
      ...defined({ passphrase }),
    })
    writeOut(`listening on ${running.url}\n`)
    await stopped
    await running.close()
  })
}

function portArgument(text: string): number {
  const port = /^(0|[1-9][0-9]{0,4})$/.test(text) ? Number(text) : Number.NaN
  if (!(port <= 65535)) throw new EvidenceError('usage', `${JSON.stringify(text)} is no port`)
  return port
}

/** A vkey, or a file with lines of logs: a policy. */
function logsFrom(argument: string, url: string | undefined): WitnessedLog[] {
  if (existsSync(argument)) return parseLogList(readNamed(argument, fileBounds.small).toString('utf8'), argument)
  return parseLogList(`log ${argument}${url === undefined ? '' : ` ${url}`}\n`, 'the argument')
}

function show({ key, url }: WitnessedLog): { origin: string; vkey: string; url: string | null; hash: string } {
  return { origin: key.name, vkey: key.text, url: url ?? null, hash: originHash(key.name) }
}

const addLogFlags = [...folderFlags, ['--url <url>', 'where the log is served; for people']] as const

function addCommand(group: Command): void {
  declare(
    group.command('add-log <vkey|policy>'),
    'cosign a log from now on: a verifier key, or a policy',
    addLogFlags,
    '\nA running witness takes it up within a second.\n\nExample:\n  evidence witness add-log policy --data /srv/witness',
  ).action((argument: string, options: OptionsOf<typeof addLogFlags>) => {
    const folder = openFolder(options)
    const given = logsFrom(argument, options.url)
    if (given.length === 0) throw new EvidenceError('usage', `${argument} names no log`, { where: argument })
    for (const { key } of given) requireStateOf(folder, key.name)
    const added = addLogs(folder.logs, given)
    outputOf(options).result(
      { added: added.map(show), known: given.length - added.length },
      added.length === 0
        ? ['every one of them is listed already']
        : added.map(({ key }) => `cosigns ${key.name} from now on (${key.text.slice(0, key.name.length + 9)})`),
    )
  })
}

function removeCommand(group: Command): void {
  declare(
    group.command('remove-log <origin>'),
    'cosign a log no more; what was cosigned stays known',
    folderFlags,
    '\nExample:\n  evidence witness remove-log court.example/evidence --data /srv/witness',
  ).action((origin: string, options: CommonOptions) => {
    const folder = openFolder(options)
    const removed = removeLog(folder.logs, origin)
    if (removed.length === 0) {
      throw new EvidenceError('witness-log-unknown', `${origin} is not in the list of this witness`, { where: origin })
    }
    outputOf(options).result({ removed: removed.map(show) }, [`cosigns ${origin} no more`])
  })
}

function listCommand(group: Command): void {
  declare(
    group.command('list-logs'),
    'logs that the witness cosigns',
    folderFlags,
    '\nExample:\n  evidence witness list-logs --data /srv/witness --json',
  ).action((options: CommonOptions) => {
    const folder = openFolder(options)
    const logs = readLogList(folder.logs).map(show)
    outputOf(options).result(
      { logs },
      logs.length === 0
        ? ['no log yet: evidence witness add-log POLICY']
        : logs.map(({ origin, hash, url }) => `${origin}  /${hash}/checkpoint${url === null ? '' : `  ${url}`}`),
    )
  })
}
