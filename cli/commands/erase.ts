import type { Command } from 'commander'
import { sealedClaims } from '../../src/statements/vocabulary.ts'
import { readLedgerKey } from '../../src/ledger/create.ts'
import { dataFolder } from '../../src/ledger/data-folder.ts'
import { Ledger } from '../../src/ledger/ledger.ts'
import { installNativePrimitives } from '../../src/node/native.ts'
import { type CommonOptions, codeArgument, indexArgument, outputOf, withCommon } from '../options/client.ts'
import { dataDir } from '../options/policy.ts'
import { openLedgerKey } from '../options/ledger-key.ts'
import { passphraseFile, passphraseFor } from '../options/passphrase.ts'

interface EraseOptions extends CommonOptions {
  readonly claim?: readonly string[]
  readonly passphraseFile?: string
  readonly ledgerKey?: string
}

const help = `
For the operator, on a court's order: removes sealed claims of one entry from the database for good. The entry, its proofs
and every receipt stand; "evidence verify" then reports the claims as withheld, which is no fault. The server must be
stopped. Followers remove them when they hear of it, backups at their next run; receipts that disclose the claims, and copies
of backups, are elsewhere and not touched.

Example:
  evidence erase 17 --claim names note`

/** `evidence erase INDEX` */
export function eraseCommand(program: Command): void {
  withCommon(program.command('erase <index>').description('erase sealed claims of an entry (operator, server stopped)'))
    .option('--claim <claim...>', `which of ${sealedClaims.join(', ')} (default: all)`)
    .option('--ledger-key <uri>', 'pkcs11: URI of a key in hardware (default: the data folder’s key file)')
    .option('--passphrase-file <file>', 'file that holds the ledger key’s passphrase, or its PIN')
    .addHelpText('after', help)
    .action(async (index: string, options: EraseOptions) => {
      installNativePrimitives()
      const root = dataDir(options)
      const claims = options.claim?.map((claim) => codeArgument(claim, sealedClaims, 'sealed claim'))
      const inHardware =
        options.ledgerKey === undefined ? undefined : await openLedgerKey(options.ledgerKey, passphraseFile(options))
      const key =
        inHardware?.key ?? readLedgerKey(root, passphraseFor([dataFolder(root).ledgerKey], passphraseFile(options)))
      const ledger = await Ledger.open(root, key, { acceptGap: true })
      try {
        const erased = await ledger.eraseDisclosures(indexArgument(index), claims)
        outputOf(options).result({ index: Number(index), erased }, [
          erased.length === 0
            ? `entry ${index} has no such claim stored`
            : `erased from entry ${index}: ${erased.join(', ')}`,
        ])
      } finally {
        await ledger.close()
        await inHardware?.close()
      }
    })
}
