import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import { equalBytes } from '../core/bytes.ts'
import { isCosignatureType, signatureTypes } from '../core/cosignature.ts'
import { EvidenceError } from '../core/errors.ts'
import { parseVerifierKey, type VerifierKey } from '../core/note.ts'
import { fileBounds, readNamed } from '../node/bounded-file.ts'
import { writeDurably } from '../node/durable-file.ts'
import { takeLock } from '../node/lock-file.ts'

/*
 * The logs that a witness cosigns: lines of a tlog-policy, of which only those of logs mean anything here. A log's origin is its
 * key's name. Unlike in a policy, a key may be of type 0x06 (tlog-checkpoint: logs should sign with ML-DSA-44).
 *
 *     log court.example/ledger-7f3a+530d903a+AekyeR… https://ledger.court.example
 */
const maxListBytes = 4 * 1024 * 1024

export interface WitnessedLog {
  readonly key: VerifierKey
  readonly url?: string
}

/** Reads a list of logs: a file of its own, or a policy. Throws `policy-malformed`. */
export function parseLogList(text: string, where: string): WitnessedLog[] {
  const logs: WitnessedLog[] = []
  if (text.length > maxListBytes) throw new EvidenceError('policy-malformed', `${where} is larger than a list of logs`)
  for (const [i, line] of text.split('\n').entries()) {
    const [word, vkey, url, extra] = line.split(/[ \t]+/).filter((part) => part !== '')
    if (word !== 'log') continue
    const bad = (why: string): EvidenceError =>
      new EvidenceError('policy-malformed', `line ${i + 1} of ${where} ${why}`, { where: `line ${i + 1}` })
    if (vkey === undefined || extra !== undefined) throw bad('is not "log <vkey> [<url>]", as a witness reads it')
    const key = parseVerifierKey(vkey)
    if (key.type !== signatureTypes.ed25519 && !isCosignatureType(key.type))
      throw bad('names a log whose key has a type that this version cannot verify')
    if (logs.some((other) => equalBytes(other.key.publicKey, key.publicKey))) throw bad('repeats the key of a log')
    logs.push(url === undefined ? { key } : { key, url })
  }
  return logs
}

function encodeLogList(logs: readonly WitnessedLog[]): string {
  const lines = logs.map(({ key, url }) => `log ${key.text}${url === undefined ? '' : ` ${url}`}\n`)
  return `# Logs that this witness cosigns. The key name is the log's origin.\n${lines.join('')}`
}

/** Reads the file. Throws `file-unreadable`, `policy-malformed`, `vkey-malformed`. */
export function readLogList(path: string): WitnessedLog[] {
  const bytes = readNamed(path, fileBounds.small, { what: 'the list of logs' })
  return parseLogList(bytes.toString('utf8'), path)
}

/** Reads the list, and writes what becomes of it, under a lock of its own: a running witness holds its folder, and reads the list only. */
function changeList<T>(path: string, change: (logs: readonly WitnessedLog[], write: (text: string) => void) => T): T {
  const release = takeLock(`${path}.lock`, dirname(path))
  try {
    return change(readLogList(path), (text) => writeDurably(path, text))
  } finally {
    release()
  }
}

/**
 * Adds logs, those that are listed already left out; gives the new ones. Durable when it returns. Throws `ledger-in-use` where the list is
 * being changed, and the codes of {@link readLogList}.
 */
export function addLogs(path: string, added: readonly WitnessedLog[]): WitnessedLog[] {
  return changeList(path, (logs, write) => {
    const fresh = added.filter(({ key }) => !logs.some((other) => other.key.text === key.text))
    const text = encodeLogList([...logs, ...fresh])
    parseLogList(text, path)
    if (fresh.length > 0) write(text)
    return fresh
  })
}

/** Removes every key of an origin; gives them. What was cosigned of it stays known, should it be added again. Throws as {@link addLogs}. */
export function removeLog(path: string, origin: string): WitnessedLog[] {
  return changeList(path, (logs, write) => {
    const gone = logs.filter(({ key }) => key.name === origin)
    if (gone.length > 0) write(encodeLogList(logs.filter(({ key }) => key.name !== origin)))
    return gone
  })
}

/** How often a running witness looks whether the list was changed, in milliseconds. */
const lookEveryMs = 1000

/** The list as a running witness sees it: read again when the file was replaced. */
export class LogList {
  private readonly path: string
  private readonly onFault: (error: unknown) => void
  private logs: readonly WitnessedLog[]
  private seen: string
  private lookedMs = 0

  /** Throws as {@link readLogList}; a later fault is told, and the list that was read before holds. */
  constructor(path: string, onFault: (error: unknown) => void = () => {}) {
    this.path = path
    this.onFault = onFault
    this.seen = this.stamp()
    this.logs = readLogList(path)
  }

  private stamp(): string {
    const { mtimeMs, size, ino } = statSync(this.path)
    return `${mtimeMs} ${size} ${ino}`
  }

  /** Keys that the log of an origin may sign with. */
  keysOf(origin: string): VerifierKey[] {
    this.look()
    return this.logs.map(({ key }) => key).filter((key) => key.name === origin)
  }

  origins(): string[] {
    this.look()
    return [...new Set(this.logs.map(({ key }) => key.name))]
  }

  private look(): void {
    const now = performance.now()
    if (now - this.lookedMs < lookEveryMs && this.lookedMs !== 0) return
    this.lookedMs = now
    try {
      const stamp = this.stamp()
      if (stamp === this.seen) return
      this.logs = readLogList(this.path)
      this.seen = stamp
    } catch (error) {
      this.onFault(error)
    }
  }
}
