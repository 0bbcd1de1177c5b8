import type { EvidenceError } from '../../core/errors.ts'
import type { Manifest } from '../../core/manifest.ts'
import { textOfBytes } from '../../core/text.ts'
import { digestFile } from '../../node/file-digest.ts'
import { type FileList, FileListBuilder } from '../../node/file-list.ts'
import { FolderDigests } from '../../node/folder-digests.ts'
import type { FilesProgress, FolderFile, FolderFiles } from '../steps/compare.ts'

/**
 * Hashes the files of a folder that a manifest lists. What cannot be hashed is refused when it is asked for; a file that is not listed is
 * hashed when it is asked for.
 */
export async function hashListed(files: FileList, manifest: Manifest, progress?: FilesProgress): Promise<FolderFiles> {
  const found = new FileListBuilder()
  for (let i = 0; i < files.length; i++) {
    const name = files.name(i)
    if (manifest.indexOf(name) !== undefined) found.add(name.toString('latin1'))
  }
  const listed = found.list(files.prefix)
  const digests = new FolderDigests(listed, { isFirstEnough: false, hasStates: false })
  try {
    const onFile = (index: number): void => progress?.of(textOfBytes(listed.name(index)))
    const faults = await digests.hash({ onFile, onDone: (done) => progress?.update(done) })
    return new HashedFiles(files, listed, digests, faults)
  } finally {
    await digests.close()
  }
}

class HashedFiles implements FolderFiles {
  private readonly all: FileList
  private readonly listed: FileList
  private readonly digests: FolderDigests
  private readonly faults: ReadonlyMap<number, EvidenceError>

  constructor(all: FileList, listed: FileList, digests: FolderDigests, faults: ReadonlyMap<number, EvidenceError>) {
    this.all = all
    this.listed = listed
    this.digests = digests
    this.faults = faults
  }

  take(name: Uint8Array): FolderFile | undefined {
    const index = this.listed.indexOf(name)
    return index === undefined ? undefined : { name, sha256: () => this.hashed(index) }
  }

  *left(): Generator<FolderFile> {
    for (let i = 0; i < this.all.length; i++) {
      const name = this.all.name(i)
      if (this.listed.indexOf(name) !== undefined) continue
      yield { name, sha256: async () => (await digestFile(this.all.path(i), ['sha256'])).digest.sha256 as string }
    }
  }

  private hashed(index: number): string {
    const fault = this.faults.get(index)
    if (fault !== undefined) throw fault
    return this.digests.hex(index)
  }
}
