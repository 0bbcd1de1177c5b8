import type { Command } from 'commander'
import { type Difference, reindex } from '../../src/ledger/reindex.ts'
import { installNativePrimitives } from '../../src/node/native.ts'
import { commonFlags, type CommonOptions, outputOf } from '../options/client.ts'
import { dataDir } from '../options/policy.ts'
import { count } from '../../src/core/text.ts'
import { declare } from '../options/declare.ts'
import { progressOf } from '../render/progress.ts'

const reindexHelp = `
For a stopped ledger whose "evidence verify" names look-up keys, statement ids, tiles or the registry checksum (lookup-missing,
lookup-foreign, tile-altered, database-thinned). Every entry is judged again by the rulebook; where the entries themselves do
not hold, nothing is changed. The new database is made beside the old one, so there must be room for both. Cut off, run it
again.

Example:
  evidence ledger reindex --data /srv/ledger`

/** `evidence ledger reindex` */
export function reindexCommand(program: Command): void {
  declare(
    program.command('reindex'),
    'make look-up keys, statement ids and tiles anew from the entries',
    commonFlags,
    reindexHelp,
  ).action(async (options: CommonOptions) => {
    installNativePrimitives()
    const output = outputOf(options)
    const root = dataDir(options)
    const { onProgress, stop } = progressOf(output, 'reindexing', 'entries')
    const report = await reindex(root, { onProgress }).finally(stop)
    const text = ({ missing, foreign }: Difference): string =>
      `${count(missing)} were missing, ${count(foreign)} foreign`
    output.result({ data: root, ...report }, [
      `${count(report.size)} entries, every one judged; the database in ${root} was made anew`,
      `look-up keys: ${text(report.lookups)}`,
      `statement ids: ${text(report.statementIds)}`,
      `tiles: ${count(report.tiles)} were missing or altered`,
      `registry checksum: ${report.registrySeal ? 'was another' : 'as it was'}`,
    ])
  })
}
