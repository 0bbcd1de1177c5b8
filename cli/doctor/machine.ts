import { accessSync, constants, readdirSync, readFileSync, statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { attempt } from '../../src/core/attempt.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { temporaryFolder } from '../../src/node/own-place.ts'
import { folderFormat } from '../../src/ledger/data-folder.ts'
import { databaseFormat } from '../../src/ledger/leveldb/keys.ts'
import { installNativePrimitives } from '../../src/node/native.ts'
import { bytesText } from '../render/output.ts'
import { count } from '../../src/core/text.ts'
import { version } from '../version.ts'
import { type Check, fail, failed, ok, warn } from './check.ts'

/** The software: Node, this program, its formats, its accelerator. */
export function softwareChecks(node: string = process.versions.node): Check[] {
  const [major = 0, minor = 0] = node.split('.').map(Number)
  const isNew = major > 20 || (major === 20 && minor >= 19)
  const { signatures, sha256 } = installNativePrimitives()
  return [
    isNew ? ok('node', `Node.js ${node}`) : fail('node', `Node.js ${node}`, 'Install Node.js 20.19 or newer.'),
    ok('program', `evidence ${version}: data folder format ${folderFormat}, database format ${databaseFormat}`),
    signatures === 'libsodium' && sha256 === 'native'
      ? ok('accelerator', 'signatures by libsodium, SHA-256 by the runtime')
      : warn(
          'accelerator',
          `signatures by ${signatures}, SHA-256 by ${sha256}: right, but slower`,
          'Run "npm ci" on this very machine, so that sodium-native finds its binary.',
        ),
  ]
}

/** Room and limits of the machine. */
export function roomChecks(root: string): Check[] {
  const checks: Check[] = []
  const { bavail, bsize, files, ffree } = statfsSync(root)
  const free = bavail * bsize
  const used = sizeOf(join(root, 'ledger'))
  const room = `${bytesText(free)} free on the disk of ${root}; the database has ${bytesText(used)}`
  if (free < 64 * 1024 * 1024) checks.push(fail('disk', room, 'Free space now: deposits stop when the disk is full.'))
  else if (free < Math.max(used, 1024 * 1024 * 1024))
    checks.push(warn('disk', room, 'Free space: reindex needs as much again as the database has.'))
  else checks.push(ok('disk', room))
  // Some file systems make inodes as they need them, and say 0.
  if (files > 0) {
    const says = `${count(ffree)} inodes free`
    if (ffree < 100) checks.push(fail('inodes', says, 'Remove files: none can be made on this disk.'))
    else if (ffree < 10_000) checks.push(warn('inodes', says, 'Remove small files from this disk, or use another.'))
    else checks.push(ok('inodes', says))
  }
  const limit = openFileLimit()
  if (limit !== undefined) {
    const says = `at most ${Number.isFinite(limit) ? count(limit) : 'any number of'} open files`
    checks.push(
      limit < 4096
        ? warn(
            'open files',
            says,
            'Raise it ("ulimit -n 65536", LimitNOFILE= in systemd): database and connections share it.',
          )
        : ok('open files', says),
    )
  }
  const temporary = attempt(temporaryFolder)
  if (temporary instanceof EvidenceError) return [...checks, failed('temporary folder', temporary)]
  try {
    accessSync(temporary, constants.W_OK)
    checks.push(ok('temporary folder', `${temporary} can be written`))
  } catch {
    checks.push(
      fail(
        'temporary folder',
        `${temporary} cannot be written`,
        'Set TMPDIR: a ledger is examined through a stand-in there.',
      ),
    )
  }
  return checks
}

function sizeOf(folder: string): number {
  try {
    return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
  } catch {
    return 0
  }
}

/** The hard limit: Node raises its own to it. */
function openFileLimit(): number | undefined {
  try {
    const line = /^Max open files +\S+ +(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
    return line === undefined ? undefined : line === 'unlimited' ? Number.POSITIVE_INFINITY : Number(line)
  } catch {
    return undefined
  }
}
