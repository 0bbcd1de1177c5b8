import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { settled } from '../../src/core/attempt.ts'
import { EvidenceError, isEvidenceError } from '../../src/core/errors.ts'
import { type Identity, LedgerClient } from '../../src/client/ledger-client.ts'
import { dataFolder } from '../../src/ledger/data-folder.ts'
import type { SigningKey } from '../../src/node/key-file.ts'
import { Output } from '../render/output.ts'
import { type OptionsOf, withFlags } from './declare.ts'
import { askedPassphraseFlag, openKeyFile, passphraseFile } from './passphrase.ts'
import { dataDir } from './policy.ts'

export const defaultUrl = 'http://127.0.0.1:8080'

/** The option of every command: a document for programs. */
export const jsonFlag = ['--json', 'print one JSON document instead of text'] as const

/** Options of commands that read or write a data folder. */
export const commonFlags = [jsonFlag, ['--data <dir>', 'data folder (default: $EVIDENCE_DATA or ./data)']] as const

/** Options of commands that talk to a server; `url` says which is asked by default, `policy` which policy holds. */
export function clientFlags({
  url = `$EVIDENCE_URL or ${defaultUrl}`,
  policy = '$EVIDENCE_POLICY, or the one in the data folder of your own ledger',
}: {
  readonly url?: string
  readonly policy?: string
} = {}) {
  return [
    ...commonFlags,
    ['--url <url>', `server (default: ${url})`],
    ['--policy <file>', `the ledger’s policy (default: ${policy})`],
    ['--key <file>', 'private key to sign with (default: $EVIDENCE_KEY or keys/depositor.pem in the data folder)'],
    ['--id <participant>', 'participant id of the key (default: $EVIDENCE_ID, or found at the server)'],
    askedPassphraseFlag,
  ] as const
}

export type CommonOptions = OptionsOf<typeof commonFlags>
export type ClientOptions = OptionsOf<ReturnType<typeof clientFlags>>

/** Adds the options of {@link clientFlags}. */
export function withClient(command: Command, defaults?: { readonly url?: string; readonly policy?: string }): Command {
  return withFlags(command, clientFlags(defaults))
}

export function outputOf(options: CommonOptions): Output {
  return new Output(options.json === true)
}

/** The private key that a client signs with. */
export function clientKey(
  options: ClientOptions,
  role: 'depositor' | 'administrator' = 'depositor',
): { key: SigningKey; path: string } {
  const folder = dataFolder(dataDir(options))
  const fallback = role === 'administrator' ? folder.administratorKey : folder.depositorKey
  const path = options.key ?? process.env['EVIDENCE_KEY'] ?? fallback
  return { key: openKeyFile(path, passphraseFile(options)), path }
}

export function clientOf(options: ClientOptions, output: Output): LedgerClient {
  const url = options.url ?? process.env['EVIDENCE_URL'] ?? defaultUrl
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
 * Who a key is: --id, $EVIDENCE_ID, the server's list of participants, or (where the list is not open) the names that
 * `npm start` gives. Throws `usage` where none of them tells.
 */
export async function identify(
  options: ClientOptions,
  client: LedgerClient,
  key: SigningKey,
  path: string,
): Promise<Identity> {
  const given = options.id ?? process.env['EVIDENCE_ID']
  if (given !== undefined) return { id: given, signer: key }
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
  role?: 'depositor' | 'administrator',
): Promise<{ readonly client: LedgerClient; readonly identity: Identity }> {
  const { key, path } = clientKey(options, role)
  const client = clientOf(options, output)
  return { client, identity: await identify(options, client, key, path) }
}

/** Shows who asks where a key is at hand: sealed claims are for those who may read them. */
export async function withIdentityIfAny(options: ClientOptions, client: LedgerClient): Promise<LedgerClient> {
  const named = options.key !== undefined || process.env['EVIDENCE_KEY'] !== undefined
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
