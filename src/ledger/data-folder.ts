import { dirname, join } from 'node:path'
import { z } from 'zod'
import { EvidenceError } from '../core/errors.ts'
import type { VerifierKey } from '../core/note.ts'
import { maxPolicyBytes, parsePolicy, type Policy } from '../core/policy.ts'
import { issueText } from '../statements/schema-errors.ts'
import { fileBounds, readTextIfThere, readNamed } from '../node/bounded-file.ts'
import { requireFinished } from '../node/folder-marker.ts'

/** Where things lie in a data folder. */
export type DataFolder = Readonly<ReturnType<typeof dataFolder>>

/** The paths of a data folder, whether they are there or not. */
export function dataFolder(root: string) {
  const keys = join(root, 'keys')
  return {
    root,
    keys,
    ledgerKey: join(keys, 'ledger.pem'),
    /** The ledger's second key, ML-DSA-44; folders made before it have none. */
    ledgerMlDsaKey: join(keys, 'ledger-ml-dsa.key'),
    administratorKey: join(keys, 'administrator.pem'),
    depositorKey: join(keys, 'depositor.pem'),
    database: join(root, 'ledger'),
    /** The secret of the database's look-up keys (lookup-secret.ts). */
    lookupSecret: join(root, 'lookup.key'),
    head: join(root, 'head'),
    policy: join(root, 'policy'),
    config: join(root, 'config.json'),
    lock: join(root, 'lock'),
    /** The unsigned genesis of a key ceremony that is under way. */
    genesisRequest: join(root, 'genesis.json'),
    /** Why the folder may not sign, if so (signing-state.ts). */
    signingState: join(root, 'standing.json'),
    /** A rotation of the ledger's key that is under way (rotation.ts). */
    rotation: join(root, 'rotation.json'),
    /** Receipts of ledger key rotations: a holder of an older policy needs them. */
    rotations: join(root, 'rotations'),
    /** That no sealed claim is shown, since orders to erase may be missing (claims-shut.ts). */
    claimsShut: join(root, 'claims-shut.json'),
    /** What was erased, for copies to erase too (erasures.ts). */
    erased: join(root, 'erased'),
    /** The last cosigned checkpoint, and what each witness has: a convenience, which may be lost. */
    cosigned: join(root, 'cosigned.json'),
    /** Time-stamp records, by size (time-stamp-files.ts). */
    timeStamps: join(root, 'timestamps'),
    /** Registry and rules of access as of a size, signed: opening goes on from it (state-snapshot.ts). */
    state: join(root, 'state'),
    /** Who read what is sealed, a file a day (access/reading-log.ts). */
    readings: join(root, 'readings'),
  }
}

/** Files that a command writes when it makes a data folder, in full or as far as it was cut off; relative to the folder. */
export const folderFiles = {
  /** By the first step of making a ledger. */
  made: /^(keys\/(ledger|administrator|depositor)\.pem|keys\/ledger-ml-dsa\.key|policy|genesis\.json|config\.json)(\.new|\.part)?$/,
  /** Files copied from a backup or a leader: no private key is among them. */
  copied:
    /^((policy|config\.json|standing\.json|claims-shut\.json|erased|lookup\.key|head|timestamps\/[0-9]+\.time-stamps)(\.part)?|ledger\/(CURRENT|LOCK|LOG|LOG\.old|MANIFEST-[0-9]+|[0-9]+\.(ldb|sst|log|dbtmp)))$/,
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

/** How a ledger is read, which a copy takes along. */
export const copiedConfigSchema = configSchema.pick({ reading: true, openDisclosures: true })
export type CopiedConfig = z.infer<typeof copiedConfigSchema>

/** Reads config.json. Throws `folder-unfinished`, `ledger-missing`, `config-invalid`, `format-version`. */
export function readConfig(folder: DataFolder): FolderConfig {
  requireFinished(folder.root)
  let text: string | undefined
  let json: unknown
  try {
    text = readTextIfThere(folder.config, fileBounds.small)
    json = text === undefined ? undefined : JSON.parse(text)
  } catch (cause) {
    throw new EvidenceError(
      'config-invalid',
      `${folder.config} cannot be read as JSON`,
      { where: folder.config },
      { cause },
    )
  }
  if (text === undefined)
    throw new EvidenceError('ledger-missing', `there is no ledger in ${folder.root}`, { where: folder.root })
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
  return parsePolicyFile(path, readPolicyBytes(path))
}

/** Parses the bytes of a policy file; a refusal names the file. Throws `policy-malformed`. */
export function parsePolicyFile(path: string, bytes: Uint8Array): Policy {
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
