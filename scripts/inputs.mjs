// What a build was made of: a stamp beside it says which files, by path within the project, and what they held. It is made again when one of them has changed.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { root } from './setup.mjs'

function digestOf(files) {
  const hash = createHash('sha256')
  for (const file of files) {
    const path = join(root, file)
    hash.update(file).update(existsSync(path) ? readFileSync(path) : '')
  }
  return hash.digest('hex')
}

/** Whether the files that a stamp names hold what they held then; false where there is no stamp. */
export function isStampCurrent(stamp) {
  if (!existsSync(stamp)) return false
  const { files, digest } = JSON.parse(readFileSync(stamp, 'utf8'))
  return digestOf(files) === digest
}

/** Writes the stamp of a build; `inputs` are paths of the files that went in, of which those that are there count. */
export function writeStamp(stamp, inputs) {
  const files = [...new Set(inputs)].filter((file) => existsSync(file)).map((file) => relative(root, file))
  writeFileSync(stamp, JSON.stringify({ files, digest: digestOf(files) }))
}
