import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const libraries: readonly string[] = [
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/local/lib/softhsm/libsofthsm2.so',
]

export interface SoftToken {
  /** Sets the variable that leads SoftHSM to its tokens, for this process and its children. */
  readonly env: Readonly<Record<string, string>>
  readonly library: string
  readonly pinFile: string
  /** URI of a key of this label. */
  readonly uri: (object: string) => string
}

/** A token of SoftHSM 2 in a folder. */
export function softToken(folder: string, exists: (path: string) => boolean): SoftToken {
  const library = libraries.find(exists)
  if (library === undefined) throw new Error('SoftHSM 2 is not installed (Debian package softhsm2)')
  const tokens = join(folder, 'tokens')
  mkdirSync(tokens)
  const conf = join(folder, 'softhsm2.conf')
  writeFileSync(conf, `directories.tokendir = ${tokens}\nlog.level = ERROR\n`)
  const pinFile = join(folder, 'pin')
  writeFileSync(pinFile, '1234\n', { mode: 0o600 })
  const env = { SOFTHSM2_CONF: conf }
  const args = ['--init-token', '--free', '--label', 'court', '--pin', '1234', '--so-pin', '5678']
  execFileSync('softhsm2-util', args, { env: { ...process.env, ...env } })
  return { env, library, pinFile, uri: (object) => `pkcs11:token=court;object=${object}?module-path=${library}` }
}
