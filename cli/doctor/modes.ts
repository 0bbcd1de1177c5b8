import { accessSync, constants, existsSync, lstatSync, readdirSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { DataFolder } from '../../src/ledger/data-folder.ts'
import { type Check, fail, ok, warn } from './check.ts'

/*
 * Who else may read or change what the ledger relies on. A data folder holds sealed claims and keys: it is its owner's alone. A key that
 * others may use keeps the ledger from starting, so that is a failure; the rest are warnings.
 */
const name = 'permissions'
const octal = (mode: number): string => (mode & 0o7777).toString(8).padStart(4, '0')
const others = 0o077
const mayWrite = 0o022
const sticky = 0o1000

/** Files beside the data folder that the operator names. */
export interface NamedFiles {
  readonly config?: string
  readonly passphraseFile?: string
}

/** Modes of a data folder, of all that is in it, and of the folder above it. */
export function folderModes({ root, keys, lookupSecret }: DataFolder): Check[] {
  const checks = [...writable(root), ...above(root), ...keyModes(keys, lookupSecret)]
  const { mode } = statSync(root)
  if ((mode & others) !== 0)
    checks.push(
      warn(
        name,
        `others may look into ${root}, where sealed claims are (mode ${octal(mode)})`,
        `Run "chmod -R go= ${root}", and ask who read it.`,
      ),
    )
  const open = openFiles(root).filter((path) => path !== keys && dirname(path) !== keys && path !== lookupSecret)
  const [first] = open
  if (first !== undefined)
    checks.push(
      warn(
        name,
        `${open.length} files or folders in ${root} are open to others, such as ${first} (mode ${octal(lstatSync(first).mode)})`,
        `Run "chmod -R go= ${root}".`,
      ),
    )
  return checks.length > 0 ? checks : [ok(name, 'the folder, its files and its keys are their owner’s alone')]
}

/** Modes of files that the server is started with. */
export function namedModes({ config, passphraseFile }: NamedFiles): Check[] {
  const checks: Check[] = []
  if (config !== undefined) {
    const { mode } = statSync(config)
    checks.push(
      (mode & mayWrite) === 0
        ? ok(name, `${config} is for its owner alone to change`)
        : warn(
            name,
            `others may change the settings in ${config} (mode ${octal(mode)})`,
            `Run "chmod go-w ${config}".`,
          ),
    )
  }
  if (passphraseFile !== undefined) {
    const { mode } = statSync(passphraseFile)
    checks.push(
      (mode & others) === 0 || !statSync(passphraseFile).isFile()
        ? ok(name, `${passphraseFile} is its owner’s alone`)
        : fail(
            name,
            `others may read the passphrase in ${passphraseFile} (mode ${octal(mode)})`,
            `Run "chmod 600 ${passphraseFile}"; ask who read it.`,
          ),
    )
  }
  return checks
}

function writable(root: string): Check[] {
  try {
    accessSync(root, constants.R_OK | constants.W_OK | constants.X_OK)
    return []
  } catch {
    return [fail(name, `${root} cannot be written by this user`, `Run as the owner, or "chown" the folder.`)]
  }
}

/** Who may write the folder above may put another in this one's place, but not where only owners may rename. */
function above(root: string): Check[] {
  const parent = dirname(resolve(root))
  const { mode } = statSync(parent)
  if ((mode & mayWrite) === 0 || (mode & sticky) !== 0) return []
  const says = `others may put another folder in the place of ${root}: they may write ${parent} (mode ${octal(mode)})`
  return [warn(name, says, `Run "chmod go-w ${parent}".`)]
}

/** Public keys, which are for everybody, lie beside the private ones. */
function isSecret(name: string): boolean {
  return !name.endsWith('.jwk')
}

function keyModes(keys: string, lookupSecret: string): Check[] {
  const pems = existsSync(keys)
    ? [
        keys,
        ...readdirSync(keys)
          .filter(isSecret)
          .map((file) => join(keys, file)),
      ]
    : []
  const secrets = existsSync(lookupSecret) ? [lookupSecret] : []
  return [...pems, ...secrets].flatMap((path) => {
    const { mode } = statSync(path)
    if ((mode & others) === 0) return []
    const right = path === keys ? '700' : '600'
    return [
      fail(name, `others may use ${path} (mode ${octal(mode)})`, `Run "chmod ${right} ${path}"; ask who read it.`),
    ]
  })
}

/** Files and folders below a folder that anybody but their owner may use. */
function openFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    const stat = lstatSync(path, { throwIfNoEntry: false })
    if (stat === undefined || entry.isSymbolicLink() || !isSecret(entry.name)) return []
    return [...((stat.mode & others) === 0 ? [] : [path]), ...(entry.isDirectory() ? openFiles(path) : [])]
  })
}
