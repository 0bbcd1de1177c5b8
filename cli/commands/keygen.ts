import type { Command } from 'commander'
import { type Jwk, thumbprint } from '../../src/core/jwk.ts'
import { writeNewFile } from '../../src/node/durable-file.ts'
import { createKeyFile } from '../../src/node/key-file.ts'
import { requireNewFile } from '../../src/node/output-file.ts'
import { openHardwareKey } from '../../src/node/pkcs11/hardware-key.ts'
import { parsePkcs11Uri } from '../../src/node/pkcs11/uri.ts'
import { inGroups } from '../render/command-line.ts'
import { jsonFlag, outputOf } from '../options/client.ts'
import { passphraseFile, readPassphrase } from '../options/passphrase.ts'
import { declare, type OptionsOf } from '../options/declare.ts'

const flags = [
  ['--out <file>', 'private key file', 'evidence-key.pem'],
  ['--passphrase-file <file>', 'file that holds a passphrase to encrypt the key with'],
  ['--in-hardware <uri>', 'make a ledger’s key in a PKCS#11 token, which it never leaves; PIN in --passphrase-file'],
  jsonFlag,
] as const
type KeygenOptions = OptionsOf<typeof flags>

/** `evidence keygen` */
export function keygenCommand(program: Command): void {
  declare(
    program.command('keygen'),
    'make an Ed25519 key: a private file of mode 0600, and its public JWK beside it',
    flags,
    '\nThe JWK holds the thumbprint as its "kid"; "evidence key show FILE" prints it again.\n\nExample:\n  evidence keygen --out police-station-9.pem\n  # then give police-station-9.jwk, and never the .pem, to the administrator',
  ).action(async (options: KeygenOptions) => {
    if (options.inHardware !== undefined) return keygenInHardware(options.inHardware, options)
    const publicPath = options.out.replace(/\.pem$/, '').concat('.jwk')
    // Before the private key is made: one without its public file could not be sent.
    requireNewFile(publicPath)
    const key = createKeyFile(options.out, readPassphrase(passphraseFile(options)))
    writeNewFile(publicPath, jwkFile(key.jwk), 0o644)
    outputOf(options).result(
      { privateKey: options.out, publicKey: publicPath, thumbprint: key.thumbprint, jwk: key.jwk },
      [
        `private key ${options.out} (keep it; it cannot be made again)`,
        `public key  ${publicPath} (give it to the administrator)`,
        ...thumbprintLines(key.thumbprint),
      ],
    )
  })
}

/** A public key as a file: RFC 8037, and the thumbprint that people compare as its `kid`. */
function jwkFile({ crv, kty, x }: Jwk): string {
  return `${JSON.stringify({ crv, kid: thumbprint({ crv, kty, x }), kty, x })}\n`
}

/** A thumbprint to copy, and in groups to read aloud. */
export function thumbprintLines(text: string): string[] {
  return [`thumbprint  ${text}`, `  to compare  ${inGroups(text)}`]
}

async function keygenInHardware(uri: string, options: KeygenOptions): Promise<void> {
  const { key, close } = await openHardwareKey(parsePkcs11Uri(uri), passphraseFile(options), true)
  await close()
  outputOf(options).result({ uri, thumbprint: key.thumbprint, jwk: key.jwk }, [
    `made a key in the token: ${uri}`,
    ...thumbprintLines(key.thumbprint),
  ])
}
