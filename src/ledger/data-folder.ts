import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { EvidenceError } from '../core/errors.ts'
import type { VerifierKey } from '../core/note.ts'
import { maxPolicyBytes, parsePolicy, type Policy } from '../core/policy.ts'
import { issueText } from '../statements/schema-errors.ts'
import { fileBounds, readBoundedText, readNamed } from '../node/bounded-file.ts'
import { requireFinished } from '../node/folder-marker.ts'

/** Where things lie in a data folder. */
export interface DataFolder {
  readonly root: string
  readonly keys: string
  readonly ledgerKey: string
  /** The ledger's second key, ML-DSA-44; folders made before it have none. */
  readonly ledgerMlDsaKey: string
  readonly administratorKey: string
  readonly depositorKey: string
  readonly database: string
  /** The secret of the database's look-up keys (lookup-secret.ts). */
  readonly lookupSecret: string
  readonly head: string
  readonly policy: string
  readonly config: string
  readonly lock: string
  /** The unsigned genesis of a key ceremony that is under way. */
  readonly genesisRequest: string
  /** Why the folder may not sign, if so (signing-state.ts). */
  readonly signingState: string
  /** A rotation of the ledger's key that is under way (rotation.ts). */
  readonly rotation: string
  /** Receipts of ledger key rotations: a holder of an older policy needs them. */
  readonly rotations: string
  /** What was erased, for copies to erase too (erasures.ts). */
  readonly erased: string
  /** The last cosigned checkpoint, and what each witness has: a convenience, which may be lost. */
  readonly cosigned: string
  /** Time-stamp records, by size (time-stamp-files.ts). */
  readonly timeStamps: string
}

export function dataFolder(root: string): DataFolder {
  const keys = join(root, 'keys')
  return {
    root,
    keys,
    ledgerKey: join(keys, 'ledger.pem'),
    ledgerMlDsaKey: join(keys, 'ledger-ml-dsa.key'),
    administratorKey: join(keys, 'administrator.pem'),
    depositorKey: join(keys, 'depositor.pem'),
    database: join(root, 'ledger'),
    lookupSecret: join(root, 'lookup.key'),
    head: join(root, 'head'),
    policy: join(root, 'policy'),
    config: join(root, 'config.json'),
    lock: join(root, 'lock'),
    genesisRequest: join(root, 'genesis.json'),
    signingState: join(root, 'standing.json'),
    rotation: join(root, 'rotation.json'),
    rotations: join(root, 'rotations'),
    erased: join(root, 'erased'),
    cosigned: join(root, 'cosigned.json'),
    timeStamps: join(root, 'timestamps'),
  }
}

/** Files that a command writes when it makes a data folder, in full or as far as it was cut off; relative to the folder. */
export const folderFiles = {
  /** By the first step of making a ledger. */
  made: /^(keys\/(ledger|administrator|depositor)\.pem|keys\/ledger-ml-dsa\.key|policy|genesis\.json|config\.json)(\.new|\.part)?$/,
  /** Files copied from a backup or a leader: no private key is among them. */
  copied:
    /^((policy|config\.json|standing\.json|erased|lookup\.key|head|timestamps\/[0-9]+\.time-stamps)(\.part)?|ledger\/(CURRENT|LOCK|LOG|LOG\.old|MANIFEST-[0-9]+|[0-9]+\.(ldb|sst|log|dbtmp)))$/,
} as const

/** Version of the layout of a data folder. */
export const folderFormat = 1

export const configSchema = z.strictObject({
  format: z.number(),
  /** Who may read entries: everybody, or participants by right. */
  reading: z.enum(['public', 'participants']),
  /** Disclosures without a right, in public mode: for a trial on one's own machine. */
  openDisclosures: z.boolean(),
  /** True from the first step of a production key ceremony until the genesis is sequenced. */
  awaitingGenesis: z.boolean().optional(),
})
export type FolderConfig = z.infer<typeof configSchema>

/** Reads config.json. Throws `folder-unfinished`, `ledger-missing`, `config-invalid`, `format-version`. */
export function readConfig(folder: DataFolder): FolderConfig {
  requireFinished(folder.root)
  if (!existsSync(folder.config)) {
    throw new EvidenceError('ledger-missing', `there is no ledger in ${folder.root}`, { where: folder.root })
  }
  let json: unknown
  try {
    json = JSON.parse(readBoundedText(folder.config, fileBounds.small))
  } catch (cause) {
    throw new EvidenceError('config-invalid', `${folder.config} is not JSON`, { where: folder.config }, { cause })
  }
  const format = (json as { format?: unknown } | null)?.format
  if (typeof format === 'number' && format !== folderFormat) {
    throw new EvidenceError('format-version', `the data folder has the format ${format}, not ${folderFormat}`, {
      where: folder.config,
    })
  }
  const result = configSchema.safeParse(json)
  if (!result.success) {
    const issue = result.error.issues[0] as z.core.$ZodIssue
    throw new EvidenceError('config-invalid', `${folder.config}: ${issue.path.join('.')} ${issueText(issue)}`, {
      where: folder.config,
    })
  }
  return result.data
}

/** Reads the bytes of a policy file. Throws `folder-unfinished`, `file-unreadable`. */
export function readPolicyBytes(path: string): Buffer {
  try {
    return readNamed(path, maxPolicyBytes, { what: 'the policy' })
  } catch (error) {
    requireFinished(dirname(path))
    throw error
  }
}

/** Reads and parses a policy file. Throws `folder-unfinished`, `file-unreadable`, `policy-malformed`. */
export function readPolicyFile(path: string): Policy {
  const bytes = readPolicyBytes(path)
  try {
    return parsePolicy(bytes)
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error
    throw new EvidenceError(error.code, `${path}: ${error.message}`, { ...error.facts, where: path }, { cause: error })
  }
}

/** The one log of a data folder's own policy. Throws as {@link readPolicyFile}. */
export function readOwnKey(folder: Pick<DataFolder, 'policy'>): VerifierKey {
  const [log] = readPolicyFile(folder.policy).logs
  if (log === undefined)
    throw new EvidenceError('policy-malformed', `${folder.policy} names no log`, { where: folder.policy })
  return log.key
}
