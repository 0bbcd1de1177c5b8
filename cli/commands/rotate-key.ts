import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { valueOr } from '../../src/core/attempt.ts'
import { splitPresentation } from '../../src/core/disclosure.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { verifierKey } from '../../src/core/note.ts'
import { defined } from '../../src/core/objects.ts'
import { readLedgerKey } from '../../src/ledger/create.ts'
import { dataFolder, readOwnKey } from '../../src/ledger/data-folder.ts'
import { readRotation } from '../../src/ledger/rotation-marker.ts'
import type { SecondKeyPassphrases } from '../../src/ledger/rotation-second-key.ts'
import { requestRotation, rotateLedgerKey } from '../../src/ledger/rotation.ts'
import type { LedgerSigningKey } from '../../src/node/key-file.ts'
import { installNativePrimitives } from '../../src/node/native.ts'
import { readPrivateFile } from '../../src/node/private-file.ts'
import { readBody } from '../../src/statements/body.ts'
import { openStatement } from '../../src/statements/open.ts'
import { ledgerKeyChangeOf } from '../../src/statements/said.ts'
import { ledgerKeyReasons } from '../../src/statements/vocabulary.ts'
import { outputKinds, requireOutput, writeOutput } from '../files/outputs.ts'
import { commonFlags, outputOf } from '../options/client.ts'
import { declare, type OptionsOf, required } from '../options/declare.ts'
import { type OpenLedgerKey, openLedgerKey } from '../options/ledger-key.ts'
import { openKeyFile, passphraseFile, passphraseFor } from '../options/passphrase.ts'
import { dataDir, noteOwn } from '../options/policy.ts'
import { commandLine } from '../render/command-line.ts'
import { signRequest } from '../statements/requests.ts'
import { openCodeArgument } from '../options/values.ts'
import { readArtefact } from '../../src/check/node/artefact.ts'

const help = `
Three steps, of which the second is an administrator's, on their own machine:
  evidence keygen --out ledger-2.pem
  evidence ledger rotate-key --data /srv/ledger --new-key ledger-2.pem --out rotation.json
  evidence sign-statement rotation.json --key clerk.pem --id clerk --out rotation.jws
  evidence ledger rotate-key --data /srv/ledger --new-key ledger-2.pem --statement rotation.jws
The last one needs the ledger stopped. Cut off, it goes on with --resume. With --key the administrator signs here, in one step
(a trial ledger). Where several must approve: "evidence approvals propose rotation.json". Keys may lie in hardware (pkcs11:…).

Example:
  evidence ledger rotate-key --data ./data --new-key ledger-2.pem --key data/keys/administrator.pem --id administrator`

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

/** `evidence ledger rotate-key` */
export function rotateKeyCommand(program: Command): void {
  declare(
    program.command('rotate-key'),
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
        `  ${commandLine('evidence', 'ledger', 'rotate-key', ['--data', root], ['--new-key', options.newKey], ['--new-passphrase-file', options.newPassphraseFile], ...oldKeyOptions(options), ['--statement', 'rotation.jws'])}`,
      ])
      return
    }
    const statement = await statementFor(options, root, next.key)
    const old = await oldKey(options, root, statement)
    try {
      const result = await rotateLedgerKey({
        root,
        next: next.key,
        ...secondKeyPassphrases(next, old),
        ...defined({ old: old?.key, keyFile: next.file, statement }),
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
  if (options.statement !== undefined) {
    const statement = Buffer.from(readArtefact(options.statement)).toString('latin1').trim()
    requireReason(statement, options)
    return statement
  }
  if (options.resume === true) return undefined
  if (options.key === undefined)
    throw new EvidenceError('usage', 'say --out, --statement, --resume, or --key to sign here')
  const reason = options.reason
  const { aud, kind, ...members } = await requestRotation(root, next, reason)
  const key = openKeyFile(options.key, options.keyPassphraseFile)
  return signRequest({ aud, kind, members }, options.id, key).jws
}

/** The statement says why, and what is done with the keys follows from that: another reason on the command line is a mistake. Throws `usage`. */
function requireReason(statement: string, { reason, statement: path }: RotateOptions): void {
  const { jws } = splitPresentation(statement)
  const change = valueOr(() => ledgerKeyChangeOf(readBody(openStatement(jws))), undefined)
  if (reason === 'routine' || change === undefined || change.reason === reason) return
  const message = `${path} says the reason ${change.reason}, and --reason ${reason}: have a statement signed that says ${reason}`
  throw new EvidenceError('usage', message, { where: '--reason', expected: change.reason, found: reason })
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
  return defined({ passphrase: old?.passphrase, newPassphrase })
}
