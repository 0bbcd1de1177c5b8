import { existsSync, readdirSync, unlinkSync } from 'node:fs'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { z } from 'zod'
import { isSameServer } from '../../src/client/server-url.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { writeDurably } from '../../src/node/durable-file.ts'
import { readPrivateFile } from '../../src/node/private-file.ts'
import { makePrivateFolder } from '../../src/node/private-folder.ts'
import { valueOr } from '../../src/core/attempt.ts'
import { readNamed } from '../../src/node/bounded-file.ts'
import { maxPolicyBytes } from '../../src/core/policy.ts'
import { policyFingerprint } from '../../src/core/policy-fingerprint.ts'

/*
 * What "evidence setup" keeps of a ledger, in the user's own configuration folder: nothing secret, but what a user believes
 * (docs/design/command-line.md, "Profiles").
 */

/** The profile that is used where none is named. */
export const defaultProfile = 'default'

const schema = z.strictObject({
  /** Version of this file's layout. */
  profile: z.literal(1),
  url: z.string().min(1).max(2048),
  /** Fingerprint of the policy that lies beside it, as it was compared. */
  fingerprint: z.string(),
  key: z.string().min(1).max(4096).optional(),
  id: z.string().min(1).max(64).optional(),
})

/** A ledger as the user set it up. */
export interface Profile extends Omit<z.infer<typeof schema>, 'profile'> {
  readonly name: string
  /** Path of the policy. */
  readonly policy: string
}

/** What says which profile is meant. */
export interface ProfileOptions {
  readonly profile?: string
  readonly data?: string
  readonly url?: string
}

function profileFolder(): string {
  const base = process.env['XDG_CONFIG_HOME'] ?? ''
  // A relative one is not heeded, as XDG asks: the working folder may be anybody's.
  return join(isAbsolute(base) ? base : join(homedir(), '.config'), 'evidence')
}

function pathsOf(name: string): { readonly settings: string; readonly policy: string } {
  const stem = join(profileFolder(), name)
  return { settings: `${stem}.json`, policy: `${stem}.policy` }
}

/** A value of the environment; undefined where it is empty too. */
export function environmentValue(name: string): string | undefined {
  const value = process.env[name]
  return value === '' ? undefined : value
}

const namePattern = /^[a-z0-9][a-z0-9._-]{0,63}$/

/** Refuses a name that could not be a file's. Throws `usage`. */
export function requireProfileName(name: string): void {
  if (namePattern.test(name)) return
  throw new EvidenceError('usage', `${JSON.stringify(name)} is no name of a profile: 1 to 64 of a-z 0-9 . _ -`)
}

/**
 * The profile that a command uses: the one that --profile or $EVIDENCE_PROFILE names; else `default`, where it exists and no data folder and
 * no other server is named. Throws `usage`, `profile-missing`, `profile-malformed`.
 */
export function profileOf({ profile, data, url }: ProfileOptions): Profile | undefined {
  const named = profile ?? environmentValue('EVIDENCE_PROFILE')
  if (named !== undefined) return readProfile(named)
  if (data !== undefined || environmentValue('EVIDENCE_DATA') !== undefined) return undefined
  if (!existsSync(pathsOf(defaultProfile).settings)) return undefined
  const own = readProfile(defaultProfile)
  const asked = url ?? environmentValue('EVIDENCE_URL')
  return asked === undefined || isSameServer(asked, own.url) ? own : undefined
}

/** Reads a profile, whose policy must be the one that was compared. Throws `usage`, `profile-missing`, `profile-malformed`. */
export function readProfile(name: string): Profile {
  requireProfileName(name)
  const { settings, policy } = pathsOf(name)
  if (!existsSync(settings)) {
    const others = profileNames()
    const there = others.length === 0 ? 'there is none' : `there are: ${others.join(', ')}`
    throw new EvidenceError('profile-missing', `there is no profile ${JSON.stringify(name)}; ${there}`, {
      where: settings,
    })
  }
  const text = readPrivateFile(settings, 'profile')
  const read = schema.safeParse(jsonOf(text))
  if (!read.success)
    throw new EvidenceError('profile-malformed', `the profile ${settings} cannot be read`, { where: settings })
  const { profile: _version, ...values } = read.data
  const bytes = valueOr(() => readNamed(policy, maxPolicyBytes, { what: 'the policy' }), undefined)
  if (bytes === undefined || policyFingerprint(bytes) !== values.fingerprint)
    throw new EvidenceError('profile-malformed', `the policy ${policy} is not the one that was compared`, {
      where: policy,
    })
  return { ...values, name, policy }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Keeps a profile and its policy, in the place of an earlier one of its name. Throws `file-exists` where a policy lies there that is no profile's. */
export function writeProfile({ name, ...values }: Omit<Profile, 'policy'>, policy: Buffer): Profile {
  requireProfileName(name)
  makePrivateFolder(profileFolder())
  const paths = pathsOf(name)
  if (
    !existsSync(paths.settings) &&
    existsSync(paths.policy) &&
    !policy.equals(readNamed(paths.policy, maxPolicyBytes))
  )
    throw new EvidenceError('file-exists', `${paths.policy} is there, and of no profile`, { where: paths.policy })
  // The policy first: a profile never names another ledger's.
  writeDurably(paths.policy, policy)
  writeDurably(paths.settings, `${JSON.stringify({ profile: 1, ...values }, null, 2)}\n`)
  return { ...values, name, policy: paths.policy }
}

/** Removes a profile, also one that cannot be read. Throws `usage`, `profile-missing`. */
export function removeProfile(name: string): void {
  valueOr(() => readProfile(name), undefined, 'profile-malformed')
  const { settings, policy } = pathsOf(name)
  unlinkSync(settings)
  if (existsSync(policy)) unlinkSync(policy)
}

/** Names of all profiles, in the order of the alphabet. */
export function profileNames(): string[] {
  const folder = profileFolder()
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.slice(0, -'.json'.length))
    .filter((name) => namePattern.test(name))
    .sort()
}
