import { createHash } from 'node:crypto'
import type { Command } from 'commander'
import { type Jwk, thumbprint } from '../../src/core/jwk.ts'
import { mlDsa44PublicKey } from '../../src/core/mldsa.ts'
import { readBoundedText } from '../../src/node/bounded-file.ts'
import { signingKeyOf } from '../../src/node/key-file.ts'
import { readPrivateKeyFile } from '../../src/node/private-key-file.ts'
import { readPublicKey } from '../../src/node/public-key-file.ts'
import { jsonFlag, outputOf } from '../options/client.ts'
import { askedPassphraseFlag, passphraseFile, passphraseFor } from '../options/passphrase.ts'
import { thumbprintLines } from './keygen.ts'
import { declare, type OptionsOf } from '../options/declare.ts'

/** What a key file is; nothing secret. */
interface Shown {
  readonly file: string
  readonly holds: 'private key' | 'public key'
  readonly type: 'Ed25519' | 'ML-DSA-44'
  /** Whether a private key is under a passphrase; absent for a public key. */
  readonly encrypted?: boolean
  /** RFC 7638, of an Ed25519 key. */
  readonly thumbprint?: string
  readonly jwk?: Jwk
  /** SHA-256 of the public key, of an ML-DSA-44 key: it has no thumbprint here. */
  readonly sha256?: string
}

const flags = [askedPassphraseFlag, jsonFlag] as const
type ShowOptions = OptionsOf<typeof flags>

/** `evidence key show` */
export function keyCommand(program: Command): void {
  const group = program
    .command('key')
    .description('look at a key file')
    .addHelpText('after', '\nExample:\n  evidence key show clerk.jwk')
  declare(
    group.command('show <file>'),
    'print type and thumbprint of a key file, private or public, and whether it is encrypted',
    flags,
    '\nTakes a private key (PKCS#8 PEM), or a public one as JWK, PEM or OpenSSH line. Two files hold one key where their thumbprints are equal.\n\nExample:\n  evidence key show clerk.pem\n  evidence key show clerk.jwk --json',
  ).action((file: string, options: ShowOptions) => {
    const shown = isPrivate(file) ? privateKey(file, options) : publicKey(file, readPublicKey(file))
    outputOf(options).result(shown, linesOf(shown))
  })
}

/** True where the file has the PEM label of a private key. False where it cannot be read: reading the key then reports why. */
function isPrivate(file: string): boolean {
  try {
    return /BEGIN (?:ENCRYPTED )?PRIVATE KEY/.test(readBoundedText(file, 65_536, 'latin1'))
  } catch {
    return false
  }
}

function publicKey(file: string, jwk: Jwk): Shown {
  return { file, holds: 'public key', type: 'Ed25519', thumbprint: thumbprint(jwk), jwk }
}

function privateKey(file: string, options: ShowOptions): Shown {
  const opened = readPrivateKeyFile(file, passphraseFor([file], passphraseFile(options)))
  const { algorithm: type, isEncrypted: encrypted } = opened
  const common = { file, holds: 'private key', type, encrypted } as const
  if (type === 'ML-DSA-44')
    return { ...common, sha256: createHash('sha256').update(mlDsa44PublicKey(opened.seed)).digest('hex') }
  const { jwk, thumbprint: text } = signingKeyOf(opened, file)
  return { ...common, thumbprint: text, jwk }
}

function linesOf({ file, holds, type, encrypted, thumbprint: text, sha256 }: Shown): string[] {
  const how = encrypted === undefined ? '' : encrypted ? ', under a passphrase' : ', without a passphrase'
  return [
    `${file}: ${type} ${holds}${how}`,
    ...(text === undefined ? [] : thumbprintLines(text)),
    ...(sha256 === undefined ? [] : [`SHA-256 of the public key  ${sha256}`]),
  ]
}
