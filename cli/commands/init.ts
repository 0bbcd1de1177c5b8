import { randomBytes } from 'node:crypto'
import type { Command } from 'commander'
import { parseSignedCheckpoint } from '../../src/core/checkpoint.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { thumbprint } from '../../src/core/jwk.ts'
import { defined } from '../../src/core/objects.ts'
import {
  type Administrator,
  type GenesisRequest,
  prepareLedger,
  readGenesisRequest,
  readLedgerKey,
} from '../../src/ledger/create.ts'
import { dataFolder } from '../../src/ledger/data-folder.ts'
import { sealGenesis } from '../../src/ledger/genesis.ts'
import { fileBounds, readNamed } from '../../src/node/bounded-file.ts'
import type { LedgerSigningKey, SigningKey } from '../../src/node/key-file.ts'
import { installNativePrimitives } from '../../src/node/native.ts'
import { readPublicKey } from '../../src/node/public-key-file.ts'
import { outputKinds, writeOutput } from '../files/outputs.ts'
import { readArtefact } from '../artefact.ts'
import { commandLine, inGroups } from '../render/command-line.ts'
import { openLedgerKey } from '../options/ledger-key.ts'
import { type CommonOptions, codeArgument, outputOf, withCommon } from '../options/client.ts'
import { dataDir, noteOwn } from '../options/policy.ts'
import { openKeyFile, passphraseFile, passphraseFor, readPassphrase } from '../options/passphrase.ts'
import { initTrial, signGenesis } from '../serve/trial.ts'

interface InitOptions extends CommonOptions {
  readonly origin?: string
  readonly reading: string
  readonly openDisclosures?: boolean
  readonly production?: boolean
  readonly administrator?: readonly string[]
  readonly genesis?: string
  readonly passphraseFile?: string
  readonly continues?: string
  readonly ledgerKey?: string
}

const help = `
A trial ledger gets its administrator's and first depositor's keys made here. A production ledger never sees the
administrators' private keys: init takes their public keys and writes genesis.json; the first administrator signs it on
their own machine ("evidence sign-genesis"); init --genesis makes it entry 0. docs/operations/key-ceremony.md walks through it.

Example:
  evidence init --data ./data
  evidence init --data /srv/ledger --production --origin court.example/evidence \\
    --administrator clerk=clerk.jwk --administrator deputy=deputy.jwk
  evidence init --data /srv/ledger --genesis genesis.jws`

/** `evidence init` */
export function initCommand(program: Command): void {
  withCommon(program.command('init').description('make a ledger'))
    .option('--origin <name>', 'the ledger’s name; without a path a random last element is added')
    .option('--reading <mode>', 'who may read entries: public or participants', 'participants')
    .option('--open-disclosures', 'serve sealed claims to everybody (a trial on one’s own machine)')
    .option('--production', 'for evidence that matters: administrators’ public keys only')
    .option('--administrator <id=publicKeyFile...>', 'administrators, the first of whom signs the genesis')
    .option('--genesis <file>', 'second step of --production: the signed genesis')
    .option('--ledger-key <uri>', 'with --production: pkcs11: URI of the ledger’s key; its PIN in --passphrase-file')
    .option('--continues <file>', 'a signed checkpoint of the ledger that this one continues')
    .option('--passphrase-file <file>', 'file that holds a passphrase for the keys')
    .addHelpText('after', help)
    .action(async (options: InitOptions) => {
      installNativePrimitives()
      await init(options)
    })
}

async function init(options: InitOptions): Promise<void> {
  const inHardware =
    options.ledgerKey === undefined ? undefined : await openLedgerKey(options.ledgerKey, passphraseFile(options))
  try {
    await initWith(options, inHardware?.key)
  } finally {
    await inHardware?.close()
  }
}

async function initWith(options: InitOptions, ledgerKey: LedgerSigningKey | undefined): Promise<void> {
  const output = outputOf(options)
  const root = dataDir(options)
  const secretFile = passphraseFile(options)
  // What has to be typed again to open the ledger's key.
  const keyOptions = [
    ['--ledger-key', options.ledgerKey],
    ['--passphrase-file', secretFile],
  ] as const
  const serve = commandLine('evidence', 'serve', ['--data', root], ...keyOptions)
  const reading = codeArgument(options.reading, ['public', 'participants'] as const, 'reading mode')
  if (options.genesis !== undefined) {
    const own = (): SigningKey => readLedgerKey(root, passphraseFor([dataFolder(root).ledgerKey], secretFile))
    await sealGenesis(root, readGenesis(options.genesis), ledgerKey ?? own())
    noteOwn(root)
    const request = readGenesisRequest(dataFolder(root).genesisRequest)
    const keys = keysIn(request)
    output.result({ data: root, origin: request.origin, administrators: keys, sealed: true }, [
      `the ledger in ${root} has its genesis: ${request.origin} (${request.environment}); its ledger key is`,
      `  ${request.ledgerKeys.join(', ')}`,
      ...administratorLines(keys),
      `next: ${serve}`,
    ])
    return
  }
  const passphrase = ledgerKey === undefined ? readPassphrase(secretFile) : undefined
  const settings = {
    origin: originOf(options),
    reading,
    openDisclosures: options.openDisclosures === true,
    ...(options.continues === undefined ? {} : { continues: predecessor(options.continues) }),
  }
  const secret = passphrase === undefined ? {} : { passphrase }
  if (options.production === true) {
    const administrators = (options.administrator ?? []).map(administratorFrom)
    if (administrators.length === 0)
      throw new EvidenceError('usage', '--production needs an --administrator id=publicKeyFile')
    prepareLedger(root, {
      ...settings,
      ...secret,
      environment: 'production',
      administrators,
      ...defined({ ledgerKey }),
    })
    const request = dataFolder(root).genesisRequest
    const keys = administrators.map(({ id, jwk }) => ({ id, thumbprint: thumbprint(jwk) }))
    const [first] = administrators
    output.result({ data: root, origin: settings.origin, genesis: request, administrators: keys, sealed: false }, [
      `prepared ${settings.origin} in ${root}`,
      ...administratorLines(keys),
      `next, on the machine of ${first?.id}, with a copy of ${request}:`,
      `  ${commandLine('evidence', 'sign-genesis', 'genesis.json', ['--key', `${first?.id}.pem`], ['--out', 'genesis.jws'])}`,
      'then here:',
      `  ${commandLine('evidence', 'init', ['--data', root], ['--genesis', 'genesis.jws'], ...keyOptions)}`,
      `  ${serve}`,
    ])
    return
  }
  if (ledgerKey !== undefined) throw new EvidenceError('usage', 'a trial ledger has its key in a file')
  await initTrial(root, { ...settings, ...secret })
  noteOwn(root)
  output.result({ data: root, origin: settings.origin, reading, sealed: true }, [
    `made the trial ledger ${settings.origin} in ${root}; reading is ${reading}`,
    `next: ${serve}`,
  ])
}

/** Keys of the administrators in a genesis. */
function keysIn({ administrators }: GenesisRequest): { readonly id: string; readonly thumbprint: string }[] {
  return administrators.flatMap(({ id, keys }) => keys.map((jwk) => ({ id, thumbprint: thumbprint(jwk) })))
}

/** The keys that the record of the ceremony is compared with. */
function administratorLines(keys: readonly { readonly id: string; readonly thumbprint: string }[]): string[] {
  return [
    'administrators, and the thumbprints of their keys, to compare with the record:',
    ...keys.map(({ id, thumbprint: text }) => `  ${id}  ${inGroups(text)}`),
  ]
}

/** `court.example` gets a random last element, so that two ledgers never share a name; `court.example/2026` is taken as it is. */
function originOf({ origin, production }: InitOptions): string {
  const base = origin ?? (production === true ? undefined : 'localhost')
  if (base === undefined)
    throw new EvidenceError('usage', '--production needs an --origin, such as court.example/evidence')
  return base.includes('/') ? base : `${base}/${randomBytes(6).toString('hex')}`
}

function administratorFrom(text: string): Administrator {
  const at = text.indexOf('=')
  if (at <= 0) throw new EvidenceError('usage', `${JSON.stringify(text)} is not id=publicKeyFile`)
  const id = text.slice(0, at)
  if (!/^[a-z0-9._-]{1,64}$/.test(id))
    throw new EvidenceError('usage', `${JSON.stringify(id)} is not 1 to 64 of a-z 0-9 . _ -`)
  return { id, jwk: readPublicKey(text.slice(at + 1)) }
}

/** The ledger that goes before, by a checkpoint of it. Throws `file-unreadable`, the codes of the checkpoint. */
function predecessor(path: string): { origin: string; checkpoint: string } {
  const bytes = readArtefact(path)
  const { origin } = parseSignedCheckpoint(bytes).checkpoint
  return { origin, checkpoint: Buffer.from(bytes).toString('utf8') }
}

function readGenesis(path: string): string {
  return readNamed(path, fileBounds.small).toString('latin1')
}

/** `evidence sign-genesis FILE` */
export function signGenesisCommand(program: Command): void {
  program
    .command('sign-genesis <file>')
    .description('sign the genesis of a production ledger, on the first administrator’s own machine')
    .requiredOption('--key <file>', 'the administrator’s private key')
    .option('--passphrase-file <file>', 'file that holds the key’s passphrase (default: asked for on a terminal)')
    .option('--out <file>', 'where to write the signed genesis', 'genesis.jws')
    .option('--json', 'print one JSON document instead of text')
    .addHelpText('after', '\nExample:\n  evidence sign-genesis genesis.json --key clerk.pem --out genesis.jws')
    .action((file: string, options: CommonOptions & { key: string; out: string; passphraseFile?: string }) => {
      const output = outputOf(options)
      const request = readGenesisRequest(file)
      const key = openKeyFile(options.key, passphraseFile(options))
      if (request.administrators[0]?.keys[0]?.x !== key.jwk.x) {
        throw new EvidenceError('genesis-issuer', 'the key is not that of the first administrator in the genesis', {
          where: options.key,
        })
      }
      writeOutput(outputKinds.statement, options.out, `${signGenesis(request, key)}\n`)
      const keys = keysIn(request)
      output.result({ out: options.out, origin: request.origin, administrators: keys }, [
        `signed the genesis of ${request.origin} (${request.environment}); its ledger key is`,
        `  ${request.ledgerKeys.join(', ')}`,
        ...administratorLines(keys),
        `wrote ${options.out}: take it back to the ledger's machine, for "evidence init --genesis"`,
      ])
    })
}
