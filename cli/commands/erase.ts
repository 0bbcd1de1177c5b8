import type { Command } from 'commander'
import { type SealedClaim, sealedClaims } from '../../src/statements/vocabulary.ts'
import { Ledger } from '../../src/ledger/ledger.ts'
import { installNativePrimitives } from '../../src/node/native.ts'
import { commonFlags, outputOf } from '../options/client.ts'
import { dataDir } from '../options/policy.ts'
import { passphraseFile } from '../options/passphrase.ts'
import { hardwareKey, ledgerKeyFlags, openFolderKey } from '../options/ledger-key.ts'
import { declare, type OptionsOf, requiredRepeated } from '../options/declare.ts'
import { codeArgument, indexArgument } from '../options/values.ts'

const help = `
For the operator: removes sealed claims of one entry from the database for good. The entry, its proofs
and every receipt stand; "evidence verify" then reports the claims as withheld, which is no fault. "names" are the names of a
deposit's files, and in the entry that admitted a person that person's name; "--claim all" removes every claim. A name that was
never sealed, as an organisation's, is in the entry itself and stays. The server must be stopped. Followers and backups keep the
claims, unless they run with --operator-erasures; receipts that disclose them are elsewhere and not touched. Without an order in the
ledger nothing says who decided it: better an authority orders it ("evidence erase"), which copies execute too.

Example:
  evidence ledger erase 17 --claim names --claim note
  evidence ledger erase 17 --claim all`

const flags = [
  ...commonFlags,
  ['--claim <claim>', `one of ${sealedClaims.join(', ')}, or all`, requiredRepeated],
  ...ledgerKeyFlags,
] as const

/** `evidence ledger erase INDEX` */
export function eraseCommand(program: Command): void {
  declare(
    program.command('erase <index>'),
    'erase sealed claims of an entry (operator, server stopped)',
    flags,
    help,
  ).action(async (index: string, options: OptionsOf<typeof flags>) => {
    installNativePrimitives()
    const root = dataDir(options)
    const claims = claimsFrom(options.claim)
    const inHardware = await hardwareKey(options)
    const key = inHardware?.key ?? openFolderKey(root, passphraseFile(options))
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

/** The claims that are named; `all` names each of them. Throws `usage`. */
function claimsFrom(named: readonly string[]): readonly SealedClaim[] {
  return named.flatMap((name) => {
    const claim = codeArgument(name, [...sealedClaims, 'all'] as const, 'sealed claim')
    return claim === 'all' ? sealedClaims : [claim]
  })
}
