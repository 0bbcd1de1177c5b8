import type { Command } from 'commander'
import { type Difference, migrate, reindex } from '../../src/ledger/index.ts'
import { installNativePrimitives } from '../../src/node/index.ts'
import { type CommonOptions, dataDir, outputOf, withCommon } from '../options.ts'
import { count } from '../output.ts'
import { progressBar } from '../progress.ts'

const reindexHelp = `
For a stopped ledger whose "evidence verify" names look-up keys, statement ids, tiles or the registry seal (lookup-missing,
lookup-foreign, tile-altered, database-thinned). Every entry is judged again by the rulebook; where the entries themselves do
not hold, nothing is changed. The new database is made beside the old one, so there must be room for both. Cut off, run it
again.

Example:
  evidence reindex --data /srv/ledger`

/** `evidence reindex` */
export function reindexCommand(program: Command): void {
  withCommon(program.command('reindex').description('make look-up keys, statement ids and tiles anew from the entries'))
    .addHelpText('after', reindexHelp)
    .action(async (options: CommonOptions) => {
      installNativePrimitives()
      const output = outputOf(options)
      const root = dataDir(options)
      let bar: ReturnType<typeof progressBar> | undefined
      const report = await reindex(root, {
        onProgress: (done, total) => {
          bar ??= progressBar(output, 'reindexing', total, 'entries')
          bar.update(done)
        },
      }).finally(() => bar?.stop())
      const text = ({ missing, foreign }: Difference): string =>
        `${count(missing)} were missing, ${count(foreign)} foreign`
      output.result({ data: root, ...report }, [
        `${count(report.size)} entries, every one judged; the database in ${root} was made anew`,
        `look-up keys: ${text(report.lookups)}`,
        `statement ids: ${text(report.statementIds)}`,
        `tiles: ${count(report.tiles)} were missing or altered`,
        `registry seal: ${report.registrySeal ? 'was another' : 'as it was'}`,
      ])
    })
}

const migrateHelp = `
For a stopped ledger whose database has an older format (migration-needed). The database is copied first, to
ledger.format-N in the data folder; remove the copy when "evidence verify" finds no fault, for it keeps what is erased later.
Cut off, run it again.

Example:
  evidence migrate --data /srv/ledger`

/** `evidence migrate` */
export function migrateCommand(program: Command): void {
  withCommon(program.command('migrate').description('bring a database of an older format to the current one'))
    .option('--no-backup', 'do not copy the database first: there is a backup, and no room')
    .addHelpText('after', migrateHelp)
    .action(async (options: CommonOptions & { readonly backup: boolean }) => {
      installNativePrimitives()
      const output = outputOf(options)
      const root = dataDir(options)
      let bar: ReturnType<typeof progressBar> | undefined
      const report = await migrate(root, {
        backup: options.backup,
        onStep: (step) => {
          bar?.stop()
          bar = undefined
          output.note(`format ${step.from} to ${step.to}: ${step.what}`)
        },
        onProgress: (done, total) => {
          bar ??= progressBar(output, 'migrating', total, 'entries')
          bar.update(done)
        },
      }).finally(() => bar?.stop())
      const { from, to, steps, copy } = report
      output.result({ data: root, ...report, copy: copy ?? null }, [
        steps.length === 0
          ? `the database in ${root} has the format ${to} already`
          : `the database in ${root} went from format ${from} to ${to}`,
        ...(copy === undefined
          ? []
          : [`as it was: ${copy}; remove it when "evidence verify --data ${root}" finds no fault`]),
      ])
    })
}
