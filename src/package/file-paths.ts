import { equalBytes, lossyUtf8, utf8, utf8Length } from '../core/bytes.ts'
import { BagPaths, bagPathFault } from './bag-path.ts'
import { maxPathBytes } from './limits.ts'

/** Names that a packed file may have: its own path where a package allows that, and `renamed/K` otherwise. */
export class FilePaths {
  private readonly folder: string
  private readonly paths = new BagPaths()
  private renamed = 0

  /** `folder` is that of the deposit's files. */
  constructor(folder: string) {
    this.folder = folder
  }

  /** A path for a file that goes by a name, which may be raw bytes. */
  allot(name: Uint8Array): string {
    const text = lossyUtf8(name)
    const isText = equalBytes(utf8(text), name)
    const path = `${this.folder}/${text}`
    // Room for the folder that a zip puts before it.
    const isShort = utf8Length(path) <= maxPathBytes - 256
    if (
      isText &&
      isShort &&
      !/^renamed(?:\/|$)/i.test(text) &&
      bagPathFault(text) === undefined &&
      this.paths.add(path) === undefined
    )
      return path
    const other = `${this.folder}/renamed/${++this.renamed}`
    this.paths.add(other)
    return other
  }
}
