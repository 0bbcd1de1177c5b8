import { type DroppedFile, droppedFile, unreadable } from './hashing.ts'

/** Most files that are taken at once, as many as a package may hold. */
export const mostFiles = 100_000

/** Too many files were handed over. */
export class TooManyFiles extends Error {}

/** The files of what was dropped, folders with all that is in them. Throws {@link TooManyFiles}, `file-unreadable`. */
export async function filesOf(transfer: DataTransfer): Promise<DroppedFile[]> {
  // To be asked for before anything is awaited: the list is emptied then.
  const entries = Array.from(transfer.items, (item) => (item.kind === 'file' ? item.webkitGetAsEntry() : null))
  const plain = Array.from(transfer.files)
  const found: DroppedFile[] = []
  if (entries.every((entry) => entry === null)) return chosen(plain)
  for (const entry of entries) if (entry !== null) await walk(entry, '', found)
  return found
}

/** The files of a file dialogue, for single files or for a folder. Throws {@link TooManyFiles}. */
export function chosen(files: Iterable<File>): DroppedFile[] {
  const found = Array.from(files, (file) => droppedFile(file.webkitRelativePath || file.name, file))
  if (found.length > mostFiles) throw new TooManyFiles()
  return found
}

async function walk(entry: FileSystemEntry, above: string, found: DroppedFile[]): Promise<void> {
  const path = `${above}${entry.name}`
  try {
    if (entry.isFile) {
      const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject))
      found.push(droppedFile(path, file))
      if (found.length > mostFiles) throw new TooManyFiles()
      return
    }
    for (const one of await children(entry as FileSystemDirectoryEntry)) await walk(one, `${path}/`, found)
  } catch (cause) {
    if (cause instanceof TooManyFiles || !(cause instanceof DOMException)) throw cause
    throw unreadable(path, cause)
  }
}

/** A reader gives some at a time, and none at the end. */
async function children(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader()
  const all: FileSystemEntry[] = []
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject))
    if (some.length === 0) return all
    for (const entry of some) all.push(entry)
    if (all.length > mostFiles) throw new TooManyFiles()
  }
}
