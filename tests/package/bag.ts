import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const hex = (algorithm: string, text: string | Buffer): string => createHash(algorithm).update(text).digest('hex')

/** A bag's files, from its payload and own tag files; manifests are made for it. */
export function bagFiles(
  files: Readonly<Record<string, string | Buffer>>,
  algorithms: readonly string[] = ['sha256'],
): Record<string, string | Buffer> {
  const all: Record<string, string | Buffer> = {
    'bagit.txt': 'BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n',
    'bag-info.txt': 'Evidence-Package-Version: 1\n',
    ...files,
  }
  for (const algorithm of algorithms) {
    const lines = Object.entries(all).filter(([path]) => path.startsWith('data/'))
    all[`manifest-${algorithm}.txt`] = lines.map(([path, text]) => `${hex(algorithm, text)}  ${path}\n`).join('')
  }
  for (const algorithm of algorithms) {
    const lines = Object.entries(all).filter(([path]) => !path.startsWith('data/') && !path.startsWith('tagmanifest-'))
    all[`tagmanifest-${algorithm}.txt`] = lines.map(([path, text]) => `${hex(algorithm, text)}  ${path}\n`).join('')
  }
  return all
}

/** Writes files below a folder. */
export function writeFiles(folder: string, files: Readonly<Record<string, string | Buffer>>): string {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return folder
}
