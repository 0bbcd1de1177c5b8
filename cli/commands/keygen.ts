import type { Command } from 'commander'
import { canonicalJwk } from '../../src/core/index.ts'
import { createKeyFile, openHardwareKey, parsePkcs11Uri, writeNewFile } from '../../src/node/index.ts'
import { type CommonOptions, outputOf, readPassphrase } from '../options.ts'

interface KeygenOptions extends CommonOptions {
  readonly out: string
  readonly passphraseFile?: string
  readonly inHardware?: string
}

/** `evidence keygen` */
export function keygenCommand(program: Command): void {
  program
    .command('keygen')
    .description('make an Ed25519 key: a private file of mode 0600, and its public JWK beside it')
    .option('--out <file>', 'private key file', 'evidence-key.pem')
    .option('--passphrase-file <file>', 'file that holds a passphrase to encrypt the key with')
    .option(
      '--in-hardware <uri>',
      'make a ledger’s key in a PKCS#11 token, which it never leaves; PIN in --passphrase-file',
    )
    .option('--json', 'print one JSON document instead of text')
    .addHelpText(
      'after',
      '\nExample:\n  evidence keygen --out police-station-9.pem\n  # then give police-station-9.jwk, and never the .pem, to the administrator',
    )
    .action(async (options: KeygenOptions) => {
      if (options.inHardware !== undefined) return keygenInHardware(options.inHardware, options)
      const publicPath = options.out.replace(/\.pem$/, '').concat('.jwk')
      const key = createKeyFile(options.out, readPassphrase(options.passphraseFile))
      writeNewFile(publicPath, `${canonicalJwk(key.jwk)}\n`, 0o644)
      outputOf(options).result(
        { privateKey: options.out, publicKey: publicPath, thumbprint: key.thumbprint, jwk: key.jwk },
        [
          `private key ${options.out} (keep it; it cannot be made again)`,
          `public key  ${publicPath} (give it to the administrator)`,
          `thumbprint  ${key.thumbprint}`,
        ],
      )
    })
}

async function keygenInHardware(uri: string, options: KeygenOptions): Promise<void> {
  const { key, close } = await openHardwareKey(parsePkcs11Uri(uri), options.passphraseFile, true)
  await close()
  outputOf(options).result({ uri, thumbprint: key.thumbprint, jwk: key.jwk }, [
    `made a key in the token: ${uri}`,
    `thumbprint  ${key.thumbprint}`,
  ])
}
