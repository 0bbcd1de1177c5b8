import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { fromBase64 } from '../../src/core/base64.ts'
import { utf8 } from '../../src/core/bytes.ts'
import type { Checkpoint } from '../../src/core/checkpoint-text.ts'
import { parseSignedCheckpoint } from '../../src/core/checkpoint.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { isFileProof, parseFileProof } from '../../src/core/file-proof.ts'
import { encodeKeyTransition, parseKeyTransition } from '../../src/core/key-transition.ts'
import { verifyConsistency } from '../../src/core/merkle/verify.ts'
import { verifierKey } from '../../src/core/note.ts'
import { defined } from '../../src/core/objects.ts'
import { parseReceipt } from '../../src/core/receipt.ts'
import { ledgerKeyReasons } from '../../src/statements/vocabulary.ts'
import { readLedgerKey } from '../../src/ledger/create.ts'
import { dataFolder, readOwnKey } from '../../src/ledger/data-folder.ts'
import { FolderSource } from '../../src/ledger/folder-source.ts'
import { LedgerReads } from '../../src/ledger/reads.ts'
import { readOwnCheckpoint } from '../../src/ledger/recovery.ts'
import { readRotation } from '../../src/ledger/rotation-marker.ts'
import type { SecondKeyPassphrases } from '../../src/ledger/rotation-second-key.ts'
import { requestRotation, rotateLedgerKey } from '../../src/ledger/rotation.ts'
import { LedgerTree } from '../../src/ledger/tree.ts'
import type { LedgerSigningKey } from '../../src/node/key-file.ts'
import { installNativePrimitives } from '../../src/node/native.ts'
import { readPrivateFile } from '../../src/node/private-file.ts'
import { outputKinds, requireOutput, writeOutput } from '../files/outputs.ts'
import { readArtefact } from '../artefact.ts'
import { commandLine } from '../render/command-line.ts'
import { transitionPath } from '../evidence-files.ts'
import { type OpenLedgerKey, openLedgerKey } from '../options/ledger-key.ts'
import {
  clientFlags,
  clientOf,
  type ClientOptions,
  commonFlags,
  openCodeArgument,
  outputOf,
} from '../options/client.ts'
import { dataDir, noteOwn } from '../options/policy.ts'
import { openKeyFile, passphraseFile, passphraseFor } from '../options/passphrase.ts'
import { signRequest } from '../statements/requests.ts'
import { emptyRegistry } from '../../src/statements/registry.ts'
import { emptyChain } from '../../src/ledger/group.ts'
import { declare, type OptionsOf, required } from '../options/declare.ts'

const help = `
Three steps, of which the second is an administrator's, on their own machine:
  evidence keygen --out ledger-2.pem
  evidence rotate-ledger-key --data /srv/ledger --new-key ledger-2.pem --out rotation.json
  evidence sign-statement rotation.json --key clerk.pem --id clerk --out rotation.jws
  evidence rotate-ledger-key --data /srv/ledger --new-key ledger-2.pem --statement rotation.jws
The last one needs the ledger stopped. Cut off, it goes on with --resume. With --key the administrator signs here, in one step
(a trial ledger). Where several must approve: "evidence approvals propose rotation.json". Keys may lie in hardware (pkcs11:…).

Example:
  evidence rotate-ledger-key --data ./data --new-key ledger-2.pem --key data/keys/administrator.pem --id administrator`

const rotateLedgerKeyFlags = [
  ...commonFlags,
  ['--new-key <file|uri>', 'private key file of the new key, or its pkcs11: URI', required],
  ['--new-passphrase-file <file>', 'file that holds the new key’s passphrase, or its PIN'],
  ['--ledger-key <uri>', 'pkcs11: URI of the key in use (default: the data folder’s key file)'],
  ['--passphrase-file <file>', 'file that holds the passphrase of the key in use, or its PIN'],
  [
    '--reason <code>',
    `one of ${ledgerKeyReasons.join(', ')}, or another code; "lost" asks for no signature by the old key`,
    'routine',
  ],
  ['--out <file>', 'first step: write what an administrator is to sign'],
  ['--statement <file>', 'last step: the signed statement, or the approved change'],
  ['--resume', 'go on with a rotation that was cut off'],
  ['--key <file>', 'an administrator’s private key, to sign here'],
  ['--key-passphrase-file <file>', 'file that holds that key’s passphrase'],
  ['--id <participant>', 'the administrator’s id', 'administrator'],
] as const
type RotateOptions = OptionsOf<typeof rotateLedgerKeyFlags>

/** `evidence rotate-ledger-key` */
export function rotateLedgerKeyCommand(program: Command): void {
  declare(
    program.command('rotate-ledger-key'),
    'replace the key that signs a ledger’s checkpoints',
    rotateLedgerKeyFlags,
    help,
  ).action(async (options: RotateOptions) => {
    installNativePrimitives()
    await rotate(options)
  })
}

async function rotate(options: RotateOptions): Promise<void> {
  const output = outputOf(options)
  const root = dataDir(options)
  const reason = openCodeArgument(options.reason, ledgerKeyReasons, 'reason', outputOf(options))
  const next = await openLedgerKey(options.newKey as string, options.newPassphraseFile)
  try {
    if (options.out !== undefined) {
      requireOutput(outputKinds.request, options.out)
      const request = await requestRotation(root, next.key, reason)
      writeOutput(outputKinds.request, options.out, `${JSON.stringify(request, null, 2)}\n`)
      output.result({ out: options.out, newKey: request.newKey }, [
        `wrote ${options.out}`,
        `  new key ${request.newKey}`,
        'next, an administrator on their own machine (where several must approve: "evidence approvals propose"):',
        `  ${commandLine('evidence', 'sign-statement', options.out, ['--key', 'ADMINISTRATOR.pem'], ['--id', 'ADMINISTRATOR'], ['--out', 'rotation.jws'])}`,
        'then here, with the server stopped:',
        `  ${commandLine('evidence', 'rotate-ledger-key', ['--data', root], ['--new-key', options.newKey], ['--new-passphrase-file', options.newPassphraseFile], ...oldKeyOptions(options), ['--statement', 'rotation.jws'])}`,
      ])
      return
    }
    const statement = await statementFor(options, root, next.key)
    const old = await oldKey(options, root, statement)
    try {
      const result = await rotateLedgerKey({
        root,
        next: next.key,
        ...(old === undefined ? {} : { old: old.key }),
        ...secondKeyPassphrases(next, old),
        ...defined({ keyFile: next.file, statement }),
        onStep: (step) => output.note(step),
      })
      noteOwn(root)
      output.result(result, [
        `the ledger’s key is now ${result.newKey}: entry ${result.index}`,
        `  receipt of the rotation  ${result.receipt}`,
        `give out the new policy, ${dataFolder(root).policy}; destroy the old key when nobody needs it`,
        `next: ${commandLine('evidence', 'serve', ['--data', root], ['--ledger-key', next.file === undefined ? options.newKey : undefined], ['--passphrase-file', options.newPassphraseFile])}`,
      ])
    } finally {
      await old?.close()
    }
  } finally {
    await next.close()
  }
}

async function statementFor(options: RotateOptions, root: string, next: LedgerSigningKey): Promise<string | undefined> {
  if (options.statement !== undefined) return Buffer.from(readArtefact(options.statement)).toString('latin1').trim()
  if (options.resume === true) return undefined
  if (options.key === undefined)
    throw new EvidenceError('usage', 'say --out, --statement, --resume, or --key to sign here')
  const reason = options.reason
  const { aud, kind, ...members } = await requestRotation(root, next, reason)
  const key = openKeyFile(options.key, options.keyPassphraseFile)
  return signRequest({ aud, kind, members }, options.id, key).jws
}

/** The key in use; none where it is lost, or has left already. */
async function oldKey(
  options: RotateOptions,
  root: string,
  statement: string | undefined,
): Promise<OpenLedgerKey | undefined> {
  if (options.reason === 'lost') return undefined
  if (options.ledgerKey !== undefined) return openLedgerKey(options.ledgerKey, passphraseFile(options))
  const folder = dataFolder(root)
  // Cut off after the key file was replaced: the passphrase of the old one does not open it.
  if (options.resume === true && isSameFile(folder.ledgerKey, options.newKey as string)) return undefined
  const passphrase = passphraseFor([folder.ledgerKey, folder.ledgerMlDsaKey], passphraseFile(options))
  const key = readLedgerKey(root, passphrase)
  const isNext =
    statement === undefined && readRotation(folder)?.to === verifierKey(readOwnKey(folder).name, key.publicKey).text
  if (isNext) return undefined
  return { key, ...defined({ passphrase }), close: () => Promise.resolve() }
}

function isSameFile(ledgerKey: string, newKey: string): boolean {
  return existsSync(ledgerKey) && existsSync(newKey) && readPrivateFile(ledgerKey) === readPrivateFile(newKey)
}

/** The options that say where the key in use is, and that it is lost, if so. */
function oldKeyOptions({ reason, ledgerKey, ...options }: RotateOptions): (readonly [string, string | undefined])[] {
  return [
    ['--ledger-key', ledgerKey],
    ['--passphrase-file', reason === 'lost' ? undefined : passphraseFile(options)],
    ['--reason', reason === 'routine' ? undefined : reason],
  ]
}

/**
 * What opens the ledger's second key, and what is to open it: the passphrase of the new key, or, where that has none, the one that
 * it has. Beside a key in hardware it has none, for a PIN is too short to hide it.
 */
function secondKeyPassphrases(next: OpenLedgerKey, old: OpenLedgerKey | undefined): SecondKeyPassphrases {
  const newPassphrase = next.file === undefined ? undefined : (next.passphrase ?? old?.passphrase)
  return {
    ...defined({ passphrase: old?.passphrase, newPassphrase }),
  }
}

const transitionFlags = [
  ...clientFlags(),
  ['--out <file>', 'where to write it (default: beside the receipt, where "evidence check" finds it)'],
] as const
type TransitionOptions = OptionsOf<typeof transitionFlags>

/** `evidence transition RECEIPT` */
export function transitionCommand(program: Command): void {
  declare(
    program.command('transition <receipt>'),
    'write the key transition of a receipt whose checkpoint a retired key signed',
    transitionFlags,
    '\nAsks the server of --url, or reads the stopped ledger of --data.\n\nExample:\n  evidence transition photo.jpg.tlog-proof --url https://ledger.court.example\n  evidence check photo.jpg --policy new.policy',
  ).action(async (path: string, options: TransitionOptions) => {
    const output = outputOf(options)
    const out = options.out ?? transitionPath(path)
    requireOutput(outputKinds.keyTransition, out)
    const bytes = readArtefact(path)
    const receipt = parseReceipt(isFileProof(bytes) ? parseFileProof(bytes).receipt : bytes)
    const from = receipt.proof.checkpoint.size
    const made = options.data === undefined ? await fromServer(options, from) : await fromFolder(options.data, from)
    const transition = encodeKeyTransition(from, made.hashes, made.note)
    requireGoesOn(receipt.proof.checkpoint, transition)
    writeOutput(outputKinds.keyTransition, out, transition)
    output.result({ out, from }, [`wrote ${out}: from the ${from} entries of the receipt to those of the key in use`])
  })
}

/** Throws `server-answer` where a transition does not lead on from a receipt's own tree. */
function requireGoesOn({ size, root }: Checkpoint, transition: string): void {
  const { checkpoint, hashes } = parseKeyTransition(utf8(transition))
  const facts = { size1: size, root1: root, size2: checkpoint.size, root2: checkpoint.root, proof: hashes }
  if (!verifyConsistency(facts))
    throw new EvidenceError(
      'server-answer',
      `the checkpoint of ${checkpoint.size} entries does not go on from the receipt’s ${size}`,
    )
}

async function fromServer(options: ClientOptions, from: number): Promise<{ hashes: Uint8Array[]; note: string }> {
  const client = clientOf(options, outputOf(options))
  // The published checkpoint has the cosignatures that a policy may ask for; the newest one is taken only where that is behind.
  const published = await client.fetchBytes('/checkpoint')
  const newest = (): Promise<string> => client.ledger().then(({ checkpoint }) => checkpoint)
  const note = isFrom(published, from) ? Buffer.from(published).toString('utf8') : await newest()
  const { hashes } = await client.consistency(from, parseSignedCheckpoint(utf8(note)).checkpoint.size)
  return { hashes: hashes.map((hash) => fromBase64(hash)), note }
}

function isFrom(published: Uint8Array | undefined, from: number): published is Uint8Array {
  return published !== undefined && parseSignedCheckpoint(published).checkpoint.size >= from
}

async function fromFolder(root: string, from: number): Promise<{ hashes: Uint8Array[]; note: string }> {
  const key = readOwnKey(dataFolder(root))
  const source = await FolderSource.open(root, key)
  try {
    const note = Buffer.from(await source.checkpoint()).toString('utf8')
    const { size } = readOwnCheckpoint(note, key)
    const tree = await LedgerTree.rebuild(source.storage, size)
    const state = { ...emptyChain(emptyRegistry(key.name), { count: 0, hash: '' }), size }
    return {
      hashes: await new LedgerReads(source.storage, tree, () => ({ state, note })).consistency(from, size),
      note,
    }
  } finally {
    await source.close()
  }
}
