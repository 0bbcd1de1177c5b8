import type { Command } from 'commander'
import { dataFolder, readConfig, readPolicyBytes } from '../../src/ledger/data-folder.ts'
import { exportTiles } from '../../src/ledger/export.ts'
import { TimeStampFiles } from '../../src/ledger/time-stamp-files.ts'
import { installNativePrimitives } from '../../src/node/native.ts'
import { commonFlags, type CommonOptions, outputOf } from '../options/client.ts'
import { dataDir } from '../options/policy.ts'
import { count } from '../../src/core/text.ts'
import { declare } from '../options/declare.ts'
import { type OwnFolder, readsOf, withOwnFolder } from '../files/own-folder.ts'
import type { Output } from '../render/output.ts'
import { progressOf } from '../render/progress.ts'

const help = `
Writes checkpoint, tiles and entry bundles as static files (C2SP tlog-tiles), the policy, and the time stamps. Disclosures are not among
them. The server must be stopped; a running one serves the same files over HTTP. Of a ledger that everybody may read, everybody may
read the files (0755, 0644, less your umask); of any other, their owner alone (0700, 0600).

Example:
  evidence export ./export --data ./data
  evidence verify --dir ./export --policy ./data/policy`

/** `evidence export OUT` */
export function exportCommand(program: Command): void {
  declare(program.command('export <out>'), 'write the ledger as a folder of static tiles', commonFlags, help).action(
    async (out: string, options: CommonOptions) => {
      installNativePrimitives()
      await withOwnFolder(dataDir(options), 'refused', (own) => exportFolder(out, own, outputOf(options)))
    },
  )
}

async function exportFolder(out: string, own: OwnFolder, output: Output): Promise<void> {
  const { reads } = await readsOf(own)
  const folder = dataFolder(own.source.name)
  const { onProgress, stop } = progressOf(output, 'exporting', 'tiles')
  const result = await exportTiles(reads, out, {
    policy: readPolicyBytes(folder.policy),
    timeStamps: new TimeStampFiles(folder.timeStamps),
    isPublic: readConfig(folder).reading === 'public',
    onTile: onProgress,
  }).finally(stop)
  output.result({ out, ...result }, [
    `wrote ${count(result.size)} entries in ${count(result.files)} files to ${out}`,
    `  verify with: npx evidence verify --dir ${out} --policy ${out}/policy`,
  ])
}
