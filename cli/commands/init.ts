import { randomBytes } from 'node:crypto'
import type { Command } from 'commander'
import { EvidenceError } from '../../src/core/errors.ts'
import { thumbprint } from '../../src/core/jwk.ts'
import { defined } from '../../src/core/objects.ts'
import { type Administrator, type GenesisRequest, prepareLedger, readGenesisRequest } from '../../src/ledger/create.ts'
import { dataFolder } from '../../src/ledger/data-folder.ts'
import { sealGenesis } from '../../src/ledger/genesis.ts'
import { fileBounds, readNamed } from '../../src/node/bounded-file.ts'
import type { LedgerSigningKey } from '../../src/node/key-file.ts'
import { installNativePrimitives } from '../../src/node/native.ts'
import { readPublicKey } from '../../src/node/public-key-file.ts'
import { outputKinds, writeOutput } from '../files/outputs.ts'
import { commandLine, inGroups } from '../render/command-line.ts'
import { commonFlags, jsonFlag, outputOf } from '../options/client.ts'
import { dataDir, noteOwn } from '../options/policy.ts'
import { openKeyFile, passphraseFile, readPassphrase } from '../options/passphrase.ts'
import { requireAddressable } from '../options/participant-id.ts'
import { showBefore } from '../statements/before-signing.ts'
import { initTrial, signGenesis } from '../serve/trial.ts'
import { declare, type OptionsOf, repeated, required } from '../options/declare.ts'
import { hardwareKey, openFolderKey } from '../options/ledger-key.ts'
import { checkpointNamed } from '../files/known-checkpoint.ts'
import { codeArgument } from '../options/values.ts'

const help = `
A trial ledger gets its administrator's and first depositor's keys made here. A production ledger never sees the
administrators' private keys: init takes their public keys and writes genesis.json; the first administrator signs it on
their own machine ("evidence ledger sign-genesis"); init --genesis makes it entry 0. docs/operations/key-ceremony.md walks through it.

Example:
  evidence init --data ./data
  evidence init --data /srv/ledger --production --origin court.example/evidence \\
    --administrator clerk=clerk.jwk --administrator deputy=deputy.jwk
  evidence init --data /srv/ledger --genesis genesis.jws`

const initFlags = [
  ...commonFlags,
  ['--origin <name>', 'the ledger’s name; without a path a random last element is added'],
  ['--reading <mode>', 'who may read entries: public or participants', 'participants'],
  ['--open-disclosures', 'serve sealed claims to everybody (a trial on one’s own machine)'],
  ['--production', 'for evidence that matters: administrators’ public keys only'],
  ['--administrator <id=publicKeyFile>', 'an administrator; the first signs the genesis', repeated],
  ['--genesis <file>', 'second step of --production: the signed genesis'],
  ['--ledger-key <uri>', 'with --production: pkcs11: URI of the ledger’s key; its PIN in --passphrase-file'],
  ['--continues <file>', 'a signed checkpoint of the ledger that this one continues'],
  ['--passphrase-file <file>', 'file that holds a passphrase for the keys'],
] as const
type InitOptions = OptionsOf<typeof initFlags>

/** `evidence init` */
export function initCommand(program: Command): void {
  declare(program.command('init'), 'make a ledger', initFlags, help).action(async (options: InitOptions) => {
    installNativePrimitives()
    await init(options)
  })
}

async function init(options: InitOptions): Promise<void> {
  const inHardware = await hardwareKey(options)
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
    const genesis = readNamed(options.genesis, fileBounds.small).toString('latin1')
    await sealGenesis(root, genesis, ledgerKey ?? openFolderKey(root, secretFile))
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
  const settings = {
    origin: originOf(options),
    reading,
    openDisclosures: options.openDisclosures === true,
    ...defined({
      passphrase: ledgerKey === undefined ? readPassphrase(secretFile) : undefined,
      continues: options.continues === undefined ? undefined : checkpointNamed(options.continues),
    }),
  }
  if (options.production === true) {
    const administrators = (options.administrator ?? []).map(administratorFrom)
    if (administrators.length === 0)
      throw new EvidenceError('usage', '--production needs an --administrator id=publicKeyFile')
    prepareLedger(root, { ...settings, environment: 'production', administrators, ...defined({ ledgerKey }) })
    const request = dataFolder(root).genesisRequest
    const keys = administrators.map(({ id, jwk }) => ({ id, thumbprint: thumbprint(jwk) }))
    const [first] = administrators
    output.result({ data: root, origin: settings.origin, genesis: request, administrators: keys, sealed: false }, [
      `prepared ${settings.origin} in ${root}`,
      ...administratorLines(keys),
      `next, on the machine of ${first?.id}, with a copy of ${request}:`,
      `  ${commandLine('evidence', 'ledger', 'sign-genesis', 'genesis.json', ['--key', `${first?.id}.pem`], ['--out', 'genesis.jws'])}`,
      'then here:',
      `  ${commandLine('evidence', 'init', ['--data', root], ['--genesis', 'genesis.jws'], ...keyOptions)}`,
      `  ${serve}`,
    ])
    return
  }
  if (ledgerKey !== undefined) throw new EvidenceError('usage', 'a trial ledger has its key in a file')
  await initTrial(root, settings)
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
  requireAddressable(id)
  return { id, jwk: readPublicKey(text.slice(at + 1)) }
}

const signGenesisFlags = [
  ['--key <file>', 'the administrator’s private key', required],
  ['--passphrase-file <file>', 'file that holds the key’s passphrase (default: asked for on a terminal)'],
  ['--out <file>', 'where to write the signed genesis', 'genesis.jws'],
  jsonFlag,
] as const

/** `evidence ledger sign-genesis FILE` */
export function signGenesisCommand(program: Command): void {
  declare(
    program.command('sign-genesis <file>'),
    'sign the genesis of a production ledger, on the first administrator’s own machine',
    signGenesisFlags,
    '\nExample:\n  evidence ledger sign-genesis genesis.json --key clerk.pem --out genesis.jws',
  ).action((file: string, options: OptionsOf<typeof signGenesisFlags>) => {
    const output = outputOf(options)
    const request = readGenesisRequest(file)
    const { iss: _iss, aud, kind, ...members } = request
    showBefore(output, { path: file, aud, kind, members })
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
