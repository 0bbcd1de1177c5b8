// Makes dist/check.mjs, `evidence check` as one file: see cli/check-main.ts. Nothing of it is altered but for the joining.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const dist = fileURLToPath(new URL('../dist', import.meta.url))
const path = join(dist, 'check.mjs')
const stamp = join(dist, '.check-inputs')

/** The files that went into it and what they held: it is made again when one of them has changed. */
const digestOf = (files) => {
  const hash = createHash('sha256')
  for (const file of files) hash.update(file).update(existsSync(file) ? readFileSync(file) : '')
  return hash.digest('hex')
}

function isCurrent() {
  if (!existsSync(path) || !existsSync(stamp)) return false
  const { files, digest } = JSON.parse(readFileSync(stamp, 'utf8'))
  return digestOf(files) === digest
}

if (!isCurrent()) {
  const { rolldown } = await import('rolldown')
  const bundle = await rolldown({
    input: join(dist, 'cli', 'check-main.js'),
    platform: 'node',
    // What only a long re-walk wants; a check does without.
    external: ['sodium-native'],
  })
  await bundle.write({ file: path, format: 'esm', codeSplitting: false })
  const files = (await bundle.watchFiles).filter((file) => existsSync(file))
  writeFileSync(stamp, JSON.stringify({ files, digest: digestOf(files) }))
  await bundle.close()
}
