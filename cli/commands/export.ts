import type { Command } from 'commander'
import { dataFolder, readConfig, readOwnKey, readPolicyBytes } from '../../src/ledger/data-folder.ts'
import { exportTiles } from '../../src/ledger/export.ts'
import { FolderSource } from '../../src/ledger/folder-source.ts'
import { LedgerReads } from '../../src/ledger/reads.ts'
import { readOwnCheckpoint } from '../../src/ledger/recovery.ts'
import { TimeStampFiles } from '../../src/ledger/time-stamp-files.ts'
import { LedgerTree } from '../../src/ledger/tree.ts'
import { equalBytes } from '../../src/core/bytes.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { rootFromTiles } from '../../src/core/merkle/tiles.ts'
import { emptyRegistry } from '../../src/statements/registry.ts'
import { installNativePrimitives } from '../../src/node/native.ts'
import { commonFlags, type CommonOptions, outputOf } from '../options/client.ts'
import { dataDir } from '../options/policy.ts'
import { count } from '../../src/core/text.ts'
import { progressBar } from '../render/progress.ts'
import { declare } from '../options/declare.ts'

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
      const output = outputOf(options)
      const folder = dataFolder(dataDir(options))
      const key = readOwnKey(folder)
      const source = await FolderSource.open(folder.root, key)
      try {
        const [fault] = source.faults
        if (fault !== undefined) throw fault
        const note = Buffer.from(await source.checkpoint()).toString()
        const { size, root } = readOwnCheckpoint(note, key)
        const tree = await LedgerTree.rebuild(source.storage, size)
        if (!equalBytes(rootFromTiles(size, tree.read), root)) {
          throw new EvidenceError(
            'root-mismatch',
            'the entries and tiles do not make the root that the checkpoint signs',
          )
        }
        const state = {
          size,
          timeMs: undefined,
          leafHash: new Uint8Array(32),
          registry: emptyRegistry(key.name),
          seal: { count: 0, hash: '' },
        }
        const reads = new LedgerReads(source.storage, tree, () => ({ state, note }))
        let bar: ReturnType<typeof progressBar> | undefined
        const result = await exportTiles(reads, out, {
          policy: readPolicyBytes(folder.policy),
          timeStamps: new TimeStampFiles(folder.timeStamps),
          isPublic: readConfig(folder).reading === 'public',
          onTile: (done, total) => {
            bar ??= progressBar(output, 'exporting', total, 'tiles')
            bar.update(done)
          },
        }).finally(() => bar?.stop())
        output.result({ out, ...result }, [
          `wrote ${count(result.size)} entries in ${count(result.files)} files to ${out}`,
          `  verify with: npx evidence verify --dir ${out} --policy ${out}/policy`,
        ])
      } finally {
        await source.close()
      }
    },
  )
}
