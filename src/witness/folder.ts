import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { EvidenceError } from '../core/errors.ts'
import { fileBounds, readBoundedText } from '../node/bounded-file.ts'
import { requireFinished } from '../node/folder-marker.ts'

/** Where things lie in a witness's folder. */
export interface WitnessFolder {
  readonly root: string
  readonly keys: string
  readonly ed25519Key: string
  readonly mlDsaKey: string
  /** Logs that it cosigns, a line each (log-list.ts). */
  readonly logs: string
  /** The last cosigned checkpoint of each log, a file each. */
  readonly state: string
  /** Origins of which a checkpoint was ever cosigned, a line each: a state file that is missing is missed (known-origins.ts). */
  readonly origins: string
  /** What misbehaved, and the proof of it. */
  readonly evidence: string
  readonly config: string
  readonly lock: string
}

export function witnessFolder(root: string): WitnessFolder {
  const keys = join(root, 'keys')
  return {
    root,
    keys,
    ed25519Key: join(keys, 'witness.pem'),
    mlDsaKey: join(keys, 'witness-ml-dsa.key'),
    logs: join(root, 'logs'),
    state: join(root, 'state'),
    origins: join(root, 'origins'),
    evidence: join(root, 'evidence'),
    config: join(root, 'witness.json'),
    lock: join(root, 'lock'),
  }
}

export interface WitnessConfig {
  readonly format: 1
  /** Key name of both keys: a schema-less URL as a rule. */
  readonly name: string
}

/** Reads witness.json. Throws `folder-unfinished`, `witness-missing`, `config-invalid`, `format-version`. */
export function readWitnessConfig({ config, root }: WitnessFolder): WitnessConfig {
  requireFinished(root)
  if (!existsSync(config)) {
    throw new EvidenceError('witness-missing', `there is no witness in ${root}`, { where: root })
  }
  let json: { readonly format?: unknown; readonly name?: unknown } | null
  try {
    json = JSON.parse(readBoundedText(config, fileBounds.small)) as typeof json
  } catch (cause) {
    throw new EvidenceError('config-invalid', `${config} cannot be read as JSON`, { where: config }, { cause })
  }
  if (typeof json?.format === 'number' && json.format !== 1) {
    throw new EvidenceError('format-version', `the witness’s folder has the format ${json.format}, not 1`, {
      where: config,
    })
  }
  const name = json?.name
  if (json?.format !== 1 || typeof name !== 'string' || name === '') {
    throw new EvidenceError('config-invalid', `${config} names no witness`, { where: config })
  }
  return { format: 1, name }
}

/** Lower-case hex of SHA-256 over an origin: how tlog-witness names a log in addresses, and we name its files. */
export function originHash(origin: string): string {
  return createHash('sha256').update(origin).digest('hex')
}
