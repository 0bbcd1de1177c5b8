// What the compiler left in dist of sources that are gone: it writes outputs and never removes one, and what is in dist is packed. Only this
// is removed, and nothing else is touched: a build stays as short as what changed. As a command: node scripts/stale.mjs
import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { root } from './setup.mjs'

/** The source that the compiler made a file of dist of, relative to the root; undefined for what other steps of the build make. */
export function sourceOf(file) {
  const [, stem] = /^(.*)\.(?:js|js\.map|d\.ts|d\.ts\.map)$/.exec(file) ?? []
  // No outputs of the compiler's: scripts/page.mjs and scripts/program.mjs make them anew as a whole.
  if (file.startsWith('page/') || file.startsWith('run/')) return undefined
  if (stem !== undefined) return `${stem}.ts`
  return file.endsWith('.tsbuildinfo') ? join(dirname(file), 'tsconfig.json') : undefined
}

/** Removes files of dist whose source is gone, and folders that are empty then. Gives their paths below dist. */
export function removeStale(top = root) {
  const dist = join(top, 'dist')
  if (!existsSync(dist)) return []
  const removed = []
  for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name).slice(dist.length + 1)
    const source = entry.isDirectory() ? undefined : sourceOf(file)
    if (source === undefined || existsSync(join(top, source)) || existsSync(join(top, `${source}x`))) continue
    rmSync(join(dist, file))
    removed.push(file)
    for (let at = entry.parentPath; at !== dist && readdirSync(at).length === 0; at = dirname(at)) rmdirSync(at)
  }
  return removed.sort()
}

if (process.argv[1] === import.meta.filename) {
  for (const file of removeStale()) process.stderr.write(`dist/${file}: its source is gone; removed\n`)
}
