import { dataFolder, readOwnKey } from '../../src/ledger/data-folder.ts'
import { FolderSource } from '../../src/ledger/folder-source.ts'
import { LookupAudit } from '../../src/ledger/lookup-audit.ts'
import { walk } from '../../src/verify/walk.ts'
import { policyOfFolder, type TestFolder } from './folder.ts'

/** Codes of all faults of a data folder, look-up keys included, and its size. */
export async function judgeFolder(
  test: TestFolder,
  root: string = test.root,
): Promise<{ readonly size: number; readonly codes: string[] }> {
  const source = await FolderSource.open(root, readOwnKey(dataFolder(root)))
  try {
    const audit = new LookupAudit(source.storage.codec)
    const report = await walk({ source, policy: policyOfFolder(test), observer: audit })
    const outside = [...(await source.outsideFaults(report.size)), ...(await audit.finish(source.storage, report.size))]
    return { size: report.size, codes: [...source.faults, ...outside, ...report.faults].map(({ code }) => code) }
  } finally {
    await source.close()
  }
}
