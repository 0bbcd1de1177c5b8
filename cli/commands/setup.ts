import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { LedgerClient } from '../../src/client/ledger-client.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { parseSignedCheckpoint } from '../../src/core/checkpoint.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { attempt, valueOr } from '../../src/core/attempt.ts'
import { defined } from '../../src/core/objects.ts'
import { applyPolicy, parsePolicy, type Policy } from '../../src/core/policy.ts'
import { parseFingerprint, policyFingerprint } from '../../src/core/policy-fingerprint.ts'
import { parsePolicyFile, readPolicyBytes, readPolicyFile } from '../../src/ledger/data-folder.ts'
import { askTerminal } from '../options/ask-terminal.ts'
import { clientOf, jsonFlag, outputOf, ownerOf } from '../options/client.ts'
import { declare, type OptionsOf } from '../options/declare.ts'
import { askedPassphraseFlag, openKeyFile, passphraseFile } from '../options/passphrase.ts'
import {
  defaultProfile,
  environmentValue,
  type Profile,
  profileNames,
  readProfile,
  removeProfile,
  requireProfileName,
  writeProfile,
} from '../options/profile.ts'
import type { Output } from '../render/output.ts'

const setupFlags = [
  ['--profile <name>', 'name to keep it by (default: $EVIDENCE_PROFILE, or "default")'],
  ['--policy <file>', 'the ledger’s policy, which you got on a way of your own (default: the server’s, compared)'],
  ['--fingerprint <text>', 'fingerprint of the policy, as the operator told you; asked for on a terminal'],
  ['--trust-server', 'take the server’s word for its policy: for a trial, or where nothing depends on it'],
  ['--key <file>', 'private key that you sign with'],
  ['--id <participant>', 'participant id of the key (default: found at the server)'],
  askedPassphraseFlag,
  jsonFlag,
] as const
type SetupOptions = OptionsOf<typeof setupFlags>

const help = `
Every command then uses address, policy, key and id without being told. The policy says whose word you take: compare its fingerprint
with the one that the ledger's operator reads to you (by telephone, or on paper), never with one from the same server.
"sha256sum POLICY" shows the same digits. Nothing secret is kept: of the key its path alone.

Example:
  evidence setup https://ledger.court.example --key police-9.pem
  evidence setup https://ledger.court.example --fingerprint "3f1c 09ab 77d0 5e42 b6c8 1d90"
  evidence setup http://127.0.0.1:8080 --profile trial --trust-server`

/** `evidence setup URL` */
export function setupCommand(program: Command): void {
  declare(
    program.command('setup <url>'),
    'keep a ledger’s address and policy, and your key, for all commands',
    setupFlags,
    help,
  ).action(async (url: string, options: SetupOptions) => setUp(url, options))
}

async function setUp(url: string, options: SetupOptions): Promise<void> {
  const output = outputOf(options)
  const name = options.profile ?? environmentValue('EVIDENCE_PROFILE') ?? defaultProfile
  requireProfileName(name)
  // What is here is read before anybody is asked: what is wrong with it is said whether the server is there or not.
  const own = ownPolicy(options.policy)
  const client = clientOf({ url }, output)
  const info = await client.ledger()
  const before = requireSameLedger(name, client.url, info.origin)
  const bytes = own?.bytes ?? Buffer.from(info.policy, 'latin1')
  const policy = own?.policy ?? parsePolicy(bytes)
  // A policy that does not fit its own ledger would refuse every receipt.
  applyPolicy(policy, parseSignedCheckpoint(utf8(info.checkpoint)).note, info.origin)
  const compared = compareFingerprint(policyFingerprint(bytes), options, output)
  const who = { ...defined({ key: before?.key, id: before?.id }), ...(await whoIs(options, client)) }
  const fingerprint = policyFingerprint(bytes)
  const kept = writeProfile({ name, url: client.url, fingerprint, ...who }, bytes)
  output.result({ ...kept, origin: info.origin, environment: info.environment, compared }, [
    `profile ${kept.name}: ${info.origin} (${info.environment}) at ${kept.url}`,
    `policy ${kept.policy}, fingerprint ${fingerprint}: ${compared === 'not-compared' ? 'the server’s word, NOT COMPARED' : 'compared'}`,
    kept.key === undefined
      ? 'no key: reading and checking only (--key FILE)'
      : `you sign as ${kept.id} with ${kept.key}`,
  ])
}

/** The policy of --policy, if any. Throws the codes of readPolicyBytes and parsePolicyFile. */
function ownPolicy(path: string | undefined): { readonly bytes: Buffer; readonly policy: Policy } | undefined {
  if (path === undefined) return undefined
  const bytes = readPolicyBytes(path)
  return { bytes, policy: parsePolicyFile(path, bytes) }
}

/** The profile that is brought up to date, if any: it never becomes another ledger's, or another server's. Throws `file-exists`. */
function requireSameLedger(name: string, url: string, origin: string): Profile | undefined {
  if (!profileNames().includes(name)) return undefined
  const there = settledProfile(name)
  if (there === undefined) return undefined
  const origins = readPolicyFile(there.policy).logs.map(({ key }) => key.name)
  if (there.url === url && origins.includes(origin)) return there
  const what = `${origins.join(', ')} at ${there.url}`
  const message = `the profile ${JSON.stringify(name)} is of ${what}; keep this one by another name (--profile NAME), or remove that one`
  throw new EvidenceError('file-exists', message, { where: name, expected: what, found: `${origin} at ${url}` })
}

/** A profile; undefined where it cannot be read, and is to be made again. */
function settledProfile(name: string): Profile | undefined {
  return valueOr(() => readProfile(name), undefined, 'profile-malformed')
}

/** How the policy was compared. Throws `fingerprint-differs`, and `usage` where nobody says what it should be. */
function compareFingerprint(
  found: string,
  options: SetupOptions,
  output: Output,
): 'fingerprint' | 'own-policy' | 'not-compared' {
  if (options.trustServer === true && options.fingerprint === undefined)
    return options.policy === undefined ? 'not-compared' : 'own-policy'
  const told = options.fingerprint ?? (options.policy === undefined ? askFingerprint(output) : undefined)
  if (told === undefined) {
    if (options.policy !== undefined) return 'own-policy'
    throw new EvidenceError(
      'usage',
      'nobody says which policy is the ledger’s: give --fingerprint as its operator told it to you, --policy FILE, or --trust-server',
    )
  }
  const expected = parseFingerprint(told)
  if (expected === undefined)
    throw new EvidenceError('usage', `${JSON.stringify(told)} is no fingerprint: six groups of four hexadecimal digits`)
  if (expected === found) return 'fingerprint'
  throw new EvidenceError('fingerprint-differs', 'the policy is not the one whose fingerprint you were told', {
    where: options.policy ?? 'policy of the server',
    expected,
    found,
  })
}

/** Typed by the user and not confirmed by a "yes": a comparison that is done by the program is always done. */
function askFingerprint(output: Output): string | undefined {
  if (output.isJson) return undefined
  return askTerminal('fingerprint of the policy, as the ledger’s operator reads it to you: ', 'shown')
}

async function whoIs(
  options: SetupOptions,
  client: LedgerClient,
): Promise<{ readonly key?: string; readonly id?: string }> {
  const { key: path, id } = options
  if (path === undefined) {
    if (id === undefined) return {}
    throw new EvidenceError('usage', '--id names the participant of a key: give --key FILE too')
  }
  const key = openKeyFile(path, passphraseFile(options))
  return { key: resolve(path), id: id ?? (await ownerOf({}, client, key, path)).id }
}

/** `evidence profile list|remove` */
export function profileCommand(program: Command): void {
  const group = program
    .command('profile')
    .description('ledgers that "evidence setup" keeps')
    .addHelpText('after', '\nExample:\n  evidence profile list')
  declare(group.command('list'), 'list them', [jsonFlag], '\nExample:\n  evidence profile list --json').action(
    (options: OptionsOf<readonly [typeof jsonFlag]>) => {
      const found = profileNames().map((name) => ({ name, profile: attempt(() => readProfile(name)) }))
      const profiles = found.flatMap(({ profile }) => (profile instanceof EvidenceError ? [] : [profile]))
      const unreadable = found.flatMap(({ name, profile }) =>
        profile instanceof EvidenceError ? [{ name, why: profile.message }] : [],
      )
      outputOf(options).result({ profiles, unreadable }, [
        ...(found.length === 0 ? ['there is none; "evidence setup URL" makes one'] : []),
        ...profiles.map(({ name, url, id, fingerprint }) => [name, url, id ?? '-', fingerprint]),
        ...unreadable.map(({ name, why }) => [name, why]),
      ])
    },
  )
  declare(
    group.command('remove <name>'),
    'forget one; the key stays where it is',
    [jsonFlag],
    '\nExample:\n  evidence profile remove trial',
  ).action((name: string, options: OptionsOf<readonly [typeof jsonFlag]>) => {
    removeProfile(name)
    outputOf(options).result({ removed: name }, [`removed the profile ${name}`])
  })
}
