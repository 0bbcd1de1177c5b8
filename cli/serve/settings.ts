import { Option } from 'commander'
import type { z } from 'zod'
import type { ServerSettings } from '../../server/settings.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { issueText } from '../../src/statements/schema-errors.ts'
import { fileBounds, readBoundedText } from '../../src/node/bounded-file.ts'
import { type Flag, type OptionsOf, repeated } from '../options/declare.ts'

/** The flag of `serve` and `start` for each setting that has one, in the order of the help. */
const flagOf = {
  host: ['--host <address>', 'address to listen on (default 127.0.0.1)'],
  port: ['--port <port>', 'port to listen on, 0 for any (default 8080)'],
  baseUrls: ['--base-url <url>', 'the server’s public name, which access tokens must carry', repeated],
  statementsPerMinute: ['--rate-limit <n>', 'statements a minute that one key may send (default 600000)'],
  maxQueue: ['--max-queue <n>', 'statements that may wait to be sequenced (default 8192)'],
  maxClockGapDays: ['--max-clock-gap <days>', 'how far the clock may be ahead of the last entry at start (default 31)'],
  acceptClockGap: ['--accept-clock-gap', 'the clock is right, however far ahead of the last entry'],
  knownCheckpoints: [
    '--known-checkpoint <file|url>',
    'kept elsewhere: a ledger that has gone back behind it does not start',
    repeated,
  ],
  requireFollower: ['--require-follower <id>', 'answer nothing before this auditor’s "evidence follow" holds it too'],
  followerTimeoutSeconds: ['--follower-timeout <seconds>', 'how long a deposit waits for the follower (default 5)'],
  witnessTimeoutSeconds: [
    '--witness-timeout <seconds>',
    'how long a witness of the policy may take to answer (default 10)',
  ],
  acceptUnreachableWitnesses: [
    '--accept-unreachable-witnesses',
    'start although too many witnesses are silent to tell a rollback',
  ],
  logLevel: ['--log-level <level>', 'fatal, error, warn, info, debug or silent (default info)'],
} as const satisfies Readonly<Record<string, Flag>>

/** Settings that are numbers. */
const numbers: readonly string[] = [
  'port',
  'statementsPerMinute',
  'maxQueue',
  'maxClockGapDays',
  'followerTimeoutSeconds',
  'witnessTimeoutSeconds',
]

export const settingFlags = Object.values(flagOf)
type SettingOptions = OptionsOf<typeof settingFlags>

/** Where a setting comes from; a setting that is not named has its default. */
export type Origins = Readonly<Record<string, string>>

const prefix = 'EVIDENCE_SERVE_'

/** The environment variable of a setting: `maxQueueBytes` is `EVIDENCE_SERVE_MAX_QUEUE_BYTES`. */
export function variableOf(setting: string): string {
  return prefix + setting.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()
}

/**
 * Flags over the environment over the file over defaults. Throws `usage` for a flag, `config-invalid` for what file or environment
 * say, with the setting and where it comes from.
 */
export function readSettings(
  flags: SettingOptions & { readonly config?: string },
  environment: Readonly<Record<string, string | undefined>>,
  schema: z.ZodType<ServerSettings> & { readonly shape: object },
): { readonly settings: ServerSettings; readonly origins: Origins } {
  const names = Object.keys(schema.shape)
  const sources: readonly (readonly [origin: (name: string) => string, values: object])[] = [
    [() => flags.config ?? '', fromFile(flags.config)],
    [variableOf, fromEnvironment(environment, names)],
    [(name) => `flag ${flagOf[name as keyof typeof flagOf][0].split(' ', 1)[0]}`, fromFlags(flags)],
  ]
  const given: Record<string, unknown> = {}
  const origins: Record<string, string> = {}
  for (const [origin, values] of sources) {
    for (const [name, value] of Object.entries(values)) {
      if (value === undefined) continue
      given[name] = value
      origins[name] = origin(name)
    }
  }
  const result = schema.safeParse(given)
  if (result.success) return { settings: result.data, origins }
  const [issue] = result.error.issues
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined
  const where = unknown ?? String(issue?.path[0] ?? '')
  const from = origins[where] ?? ''
  const why =
    unknown === undefined
      ? issueText(issue ?? { message: 'is wrong', path: [] })
      : `is none of this server${nearest(unknown, names)}`
  throw new EvidenceError(
    from.startsWith('flag ') ? 'usage' : 'config-invalid',
    `the setting ${where} (${from}) ${why}`,
    { where },
  )
}

function fromFlags(options: SettingOptions): object {
  const given: Readonly<Record<string, unknown>> = options
  const values = Object.entries(flagOf).map(([setting, [flags]]) => {
    const value = given[new Option(flags).attributeName()]
    return [setting, numbers.includes(setting) && value !== undefined ? Number(value) : value] as const
  })
  return Object.fromEntries(values)
}

/** Values as JSON where they are (numbers, true, lists), and else as text. */
function fromEnvironment(environment: Readonly<Record<string, string | undefined>>, names: readonly string[]): object {
  const values: Record<string, unknown> = {}
  for (const [variable, text] of Object.entries(environment)) {
    if (!variable.startsWith(prefix) || text === undefined || text === '') continue
    const name = names.find((one) => variableOf(one) === variable)
    if (name === undefined) {
      const variables = names.map(variableOf)
      throw new EvidenceError('config-invalid', `there is no setting ${variable}${nearest(variable, variables)}`, {
        where: variable,
      })
    }
    values[name] = asJson(text)
  }
  return values
}

function asJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'string' || value === null ? text : value
  } catch {
    return text
  }
}

function fromFile(path: string | undefined): object {
  if (path === undefined) return {}
  try {
    const json: unknown = JSON.parse(readBoundedText(path, fileBounds.small))
    if (json !== null && typeof json === 'object' && !Array.isArray(json)) return json
  } catch (cause) {
    throw new EvidenceError('config-invalid', `${path} cannot be read as JSON`, { where: path }, { cause })
  }
  throw new EvidenceError('config-invalid', `${path} is not a JSON object`, { where: path })
}

/** `, did you mean X?` where a name is close to one that there is. */
function nearest(name: string, names: readonly string[]): string {
  const ranked = names.map((one) => ({ one, far: distance(name.toLowerCase(), one.toLowerCase()) }))
  const best = ranked.sort((a, b) => a.far - b.far)[0]
  return best !== undefined && best.far <= Math.max(2, name.length / 4) ? `, did you mean ${best.one}?` : ''
}

/** Levenshtein's distance of two short names. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1))
    }
    row = next
  }
  return row[b.length] as number
}
