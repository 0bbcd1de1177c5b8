import { existsSync } from 'node:fs'
import { settled } from '../../src/core/attempt.ts'
import { EvidenceError, isEvidenceError } from '../../src/core/errors.ts'
import { type Identity, LedgerClient } from '../../src/client/ledger-client.ts'
import { dataFolder } from '../../src/ledger/data-folder.ts'
import type { SigningKey } from '../../src/node/key-file.ts'
import { Output } from '../render/output.ts'
import { connection, type OptionsOf } from './declare.ts'
import { askedPassphraseFlag, openKeyFile, passphraseFile } from './passphrase.ts'
import { dataDir } from './policy.ts'
import { environmentValue, profileOf } from './profile.ts'

export const defaultUrl = 'http://127.0.0.1:8080'

/** The option of every command: a document for programs. */
export const jsonFlag = ['--json', 'print one JSON document instead of text'] as const

const dataFlag = ['--data <dir>', 'data folder (default: $EVIDENCE_DATA or ./data)'] as const

/** Options of commands that read or write a data folder. */
export const commonFlags = [jsonFlag, dataFlag] as const

/** What says where the policy is, where no option does, as findPolicy looks for it. */
export const policyDefault = '$EVIDENCE_POLICY, the profile’s, or the one in the data folder of your own ledger'

/**
 * Options of commands that talk to a server; `url` says which is asked by default, `policy` which policy holds, and `role` whose key of the
 * data folder signs.
 */
export function clientFlags({
  url = `$EVIDENCE_URL, the profile’s, or ${defaultUrl}`,
  policy = policyDefault,
  role = 'depositor',
}: {
  readonly url?: string
  readonly policy?: string
  readonly role?: KeyRole
} = {}) {
  return [
    jsonFlag,
    ['--url <url>', `server (default: ${url})`, connection],
    ['--policy <file>', `the ledger’s policy (default: ${policy})`, connection],
    [
      '--key <file>',
      `private key to sign with (default: $EVIDENCE_KEY, the profile’s, or keys/${role}.pem in the data folder)`,
      connection,
    ],
    [
      '--id <participant>',
      'participant id of the key (default: $EVIDENCE_ID, the profile’s, or found at the server)',
      connection,
    ],
    [...askedPassphraseFlag, connection],
    [...dataFlag, connection],
    [
      '--profile <name>',
      'the ledger that "evidence setup" keeps by this name (default: $EVIDENCE_PROFILE, or "default")',
      connection,
    ],
  ] as const
}

/** As {@link clientFlags}, for a command whose argument is the server: a `--url` beside it would say nothing. */
export function clientFlagsButUrl(choices: Parameters<typeof clientFlags>[0] = {}) {
  const [json, _url, ...rest] = clientFlags(choices)
  return [json, ...rest] as const
}

/** Whose key of a data folder signs where none is named. */
type KeyRole = 'depositor' | 'administrator'

export type CommonOptions = OptionsOf<typeof commonFlags>
export type ClientOptions = OptionsOf<ReturnType<typeof clientFlags>>

export function outputOf(options: CommonOptions): Output {
  return new Output(options.json === true)
}

/** The server that is named: by --url, $EVIDENCE_URL or the profile. Throws the codes of {@link profileOf}. */
export function urlNamed(options: ClientOptions): string | undefined {
  return options.url ?? environmentValue('EVIDENCE_URL') ?? profileOf(options)?.url
}

/** The private key file that is named: by --key, $EVIDENCE_KEY or the profile. Throws the codes of {@link profileOf}. */
export function keyNamed(options: ClientOptions): string | undefined {
  return options.key ?? environmentValue('EVIDENCE_KEY') ?? profileOf(options)?.key
}

/** Whose key a file is by --id, $EVIDENCE_ID, or the profile that names this very file. */
function idNamed(options: ClientOptions, path: string): string | undefined {
  const given = options.id ?? environmentValue('EVIDENCE_ID')
  if (given !== undefined) return given
  const profile = profileOf(options)
  return profile?.key === path ? profile.id : undefined
}

/** The private key that a client signs with. */
export function clientKey(options: ClientOptions, role: KeyRole = 'depositor'): { key: SigningKey; path: string } {
  const folder = dataFolder(dataDir(options))
  const fallback = role === 'administrator' ? folder.administratorKey : folder.depositorKey
  const path = keyNamed(options) ?? fallback
  return { key: openKeyFile(path, passphraseFile(options)), path }
}

export function clientOf(options: ClientOptions, output: Output): LedgerClient {
  const url = urlNamed(options) ?? defaultUrl
  const onRetry = (why: string, waitMs: number): void =>
    output.note(`${why}; trying again in ${(waitMs / 1000).toFixed(1)} s`)
  return new LedgerClient(url, undefined, { onRetry, retries: retriesFrom(process.env['EVIDENCE_RETRIES']) })
}

function retriesFrom(text: string | undefined): number {
  const value = text === undefined ? 4 : Number(text)
  if (!Number.isInteger(value) || value < 0 || value > 100)
    throw new EvidenceError('usage', 'EVIDENCE_RETRIES is not 0 to 100')
  return value
}

/**
 * Who a key is: --id, $EVIDENCE_ID, the profile, or what {@link ownerOf} finds. Throws the codes of {@link profileOf} and {@link ownerOf}.
 */
export async function identify(
  options: ClientOptions,
  client: LedgerClient,
  key: SigningKey,
  path: string,
): Promise<Identity> {
  const given = idNamed(options, path)
  return given === undefined ? ownerOf(options, client, key, path) : { id: given, signer: key }
}

/**
 * Who a key is by the server's list of participants, or (where the list is not open) the names that `npm start` gives. Throws
 * `key-unknown` where neither tells.
 */
export async function ownerOf(
  options: CommonOptions,
  client: LedgerClient,
  key: SigningKey,
  path: string,
): Promise<Identity> {
  const own = dataFolder(dataDir(options))
  const guess = path === own.depositorKey ? 'depositor' : path === own.administratorKey ? 'administrator' : undefined
  const asker = guess === undefined ? client : client.as({ id: guess, signer: key })
  const participants = await settled(asker.participants(), 'not-authenticated', 'token-invalid')
  // A wrong clock has nothing to do with whose key it is.
  if (participants instanceof EvidenceError) {
    if (participants.facts.where === 'clock') throw participants
  } else {
    const owner = participants.find(({ keys }) => keys.some(({ thumbprint }) => thumbprint === key.thumbprint))
    if (owner !== undefined) return { id: owner.id, signer: key }
  }
  throw new EvidenceError(
    'key-unknown',
    `the ledger at ${client.url} does not say whose key ${path} is; name its participant by --id`,
    { where: path },
  )
}

/** A client of a server, and who its user is there by their key. Throws as {@link clientKey} and {@link identify}. */
export async function signedClient(
  options: ClientOptions,
  output: Output,
  role?: KeyRole,
): Promise<{ readonly client: LedgerClient; readonly identity: Identity }> {
  const { key, path } = clientKey(options, role)
  const client = clientOf(options, output)
  return { client, identity: await identify(options, client, key, path) }
}

/** Shows who asks where a key is at hand: sealed claims are for those who may read them. */
export async function withIdentityIfAny(options: ClientOptions, client: LedgerClient): Promise<LedgerClient> {
  const named = keyNamed(options) !== undefined
  if (!named && !existsSync(dataFolder(dataDir(options)).depositorKey)) return client
  try {
    const { key, path } = clientKey(options)
    return client.as(await identify(options, client, key, path))
  } catch (error) {
    // A default key may be another ledger's, or closed by a passphrase: then what is open is read. A wrong clock is neither.
    if (named || !isEvidenceError(error) || error.facts.where === 'clock') throw error
    outputOf(options).note(`reading without your key: ${error.message}`)
    return client
  }
}
