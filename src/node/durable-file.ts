import { closeSync, fsyncSync, openSync, readdirSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { makePrivateFolder } from './private-folder.ts'

/** Writes a file of mode 0600, and the folders that it lacks, so that it is there as a whole or not at all, and stays through a crash. */
export function writeDurably(path: string, content: string | Uint8Array): void {
  writeSynced(path, content)
  syncFolder(dirname(path))
}

/** Like writeDurably, but does not sync the folder; the caller must, when its other files are written too. */
export function writeSynced(path: string, content: string | Uint8Array): void {
  makePrivateFolder(dirname(path))
  const part = `${path}.part`
  rmSync(part, { force: true })
  const fd = openSync(part, 'wx', 0o600)
  try {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  renameSync(part, path)
}

/** Syncs every file of a folder, and the folder: before it takes the place of another. */
export function syncTree(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) syncTree(path)
    else syncFolder(path)
  }
  syncFolder(folder)
}

/** Makes a new or renamed name in a folder durable. */
export function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
