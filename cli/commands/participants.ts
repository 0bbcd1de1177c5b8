import { randomBytes } from 'node:crypto'
import type { Command } from 'commander'
import { EvidenceError } from '../../src/core/errors.ts'
import { thumbprint } from '../../src/core/jwk.ts'
import { defined } from '../../src/core/objects.ts'
import { composePossession, composeStatement } from '../../src/statements/compose.ts'
import {
  identifications,
  participantTypes,
  personalIdPattern,
  personalTypes,
  revokeReasons,
  roles,
} from '../../src/statements/vocabulary.ts'
import { randomSalt } from '../../src/node/key-file.ts'
import { admitRequestCommand } from './admit-request.ts'
import { readPublicKey } from '../../src/node/public-key-file.ts'
import { endLines } from '../render/ledger-end.ts'
import { changeFlags, submitChange } from '../statements/change.ts'
import { requireReceiptPlace, writeReceipt } from '../files/outputs.ts'
import {
  clientFlags,
  clientOf,
  type ClientOptions,
  outputOf,
  signedClient,
  withIdentityIfAny,
} from '../options/client.ts'
import { requireAddressable } from '../options/participant-id.ts'
import { openKeyFile } from '../options/passphrase.ts'
import { declare, type OptionsOf, required, requiredRepeated } from '../options/declare.ts'
import { depositSigned, statementContext } from '../statements/sign.ts'
import { signingLedger } from '../statements/signing-ledger.ts'
import { codeArgument, openCodeArgument } from '../options/values.ts'

/** The kind of statement by which an administrator admits a participant. */
export const admitKind = 'participant.admit'

/** `evidence participants admit|admit-request|revoke|rotate-key|list` */
export function participantsCommand(program: Command): void {
  const group = program
    .command('participants')
    .description('who may sign what')
    .addHelpText('after', '\nExample:\n  evidence participants list --json')
  admitCommand(group)
  admitRequestCommand(group)
  revokeCommand(group)
  rotateCommand(group)
  listCommand(group)
}

const admitFlags = [
  ...changeFlags,
  ['--public-key <file>', 'the participant’s public key: JWK, PEM or OpenSSH', required],
  ['--type <code>', `one of ${participantTypes.join(', ')}`, required],
  ['--role <role>', `one of ${roles.join(', ')}`, requiredRepeated],
  ['--name <text>', 'name; sealed where it is a person’s'],
  ['--identified-by <code>', `how you know who it is: ${identifications.join(', ')}, or another code`],
  ['--note <text>', 'what you noted of it; sealed, and shown to participants'],
] as const

function admitCommand(group: Command): void {
  declare(
    group.command('admit [id]'),
    'admit a participant with its public key (an administrator signs)',
    admitFlags,
    `
The id stands in the ledger for ever. A person or lawyer has a random one, which is made here where you name none: nobody is named by it.

Example:
  evidence participants admit notary-3 --public-key notary.jwk --type notary --role attestor --role auditor --name "Third Notary Office"
  evidence participants admit --public-key li.jwk --type lawyer --role attestor --name "Li Wei" --identified-by document`,
  ).action(async (named: string | undefined, options: OptionsOf<typeof admitFlags>) => {
    const type = codeArgument(options.type, participantTypes, 'type')
    const isPersonal = personalTypes.includes(type)
    const id = admittedId(named, type, isPersonal)
    const { identifiedBy: way, name, note } = options
    const identifiedBy =
      way === undefined ? undefined : openCodeArgument(way, identifications, 'way to identify', outputOf(options))
    const participant = {
      id,
      type,
      roles: options.role.map((role) => codeArgument(role, roles, 'role')),
      keys: [readPublicKey(options.publicKey)],
      ...defined({ name: isPersonal ? undefined : name }),
    }
    const sealed = defined({ names: isPersonal ? name : undefined, note })
    await submitChange(options, admitKind, { participant, ...defined({ identifiedBy }) }, sealed, {
      said: { participant: id },
    })
  })
}

/** The id that was named; a random one for a person, where none was. Throws `usage`, `id-of-person`. */
function admittedId(named: string | undefined, type: string, isPersonal: boolean): string {
  if (!isPersonal) {
    if (named === undefined) throw new EvidenceError('usage', `name the id under which the ${type} is to be admitted`)
    requireAddressable(named)
    return named
  }
  const id = named ?? `p-${randomBytes(8).toString('hex')}`
  if (!personalIdPattern.test(id)) {
    const message = `the id of a ${type} is p- and 16 hexadecimal digits, and random; leave it out, and one is made`
    throw new EvidenceError('id-of-person', message, { where: 'participant.id' })
  }
  return id
}

const revokeFlags = [
  ...changeFlags,
  ['--reason <code>', `one of ${revokeReasons.join(', ')}, or another code`, required],
  ['--key-thumbprint <kid>', 'revoke this key instead of a participant'],
  ['--compromised-since <time>', 'entries from this time on are flagged (YYYY-MM-DDTHH:MM:SS.mmmZ)'],
] as const

function revokeCommand(group: Command): void {
  declare(
    group.command('revoke [id]'),
    'revoke a participant, or one key (an administrator signs)',
    revokeFlags,
    '\nExample:\n  evidence participants revoke platform-7 --reason compromised --compromised-since 2026-11-01T00:00:00.000Z',
  ).action(async (id: string | undefined, options: OptionsOf<typeof revokeFlags>) => {
    if ((id === undefined) === (options.keyThumbprint === undefined)) {
      throw new EvidenceError('usage', 'name a participant, or a key by --key-thumbprint, and not both')
    }
    const target = id === undefined ? { key: options.keyThumbprint } : { participant: id }
    const reason = openCodeArgument(options.reason, revokeReasons, 'reason', outputOf(options))
    const { compromisedSince } = options
    await submitChange(options, 'participant.revoke', { ...target, reason, ...defined({ compromisedSince }) })
  })
}

const rotateKeyFlags = [
  ...clientFlags(),
  ['--new-key <file>', 'private key file of the new key (make it with "evidence keygen")', required],
  ['--new-passphrase-file <file>', 'file that holds the new key’s passphrase'],
] as const

function rotateCommand(group: Command): void {
  declare(
    group.command('rotate-key'),
    'replace your key by a new one (the old key signs, and the new one proves itself)',
    rotateKeyFlags,
    '\nExample:\n  evidence keygen --out new.pem\n  evidence participants rotate-key --key old.pem --new-key new.pem',
  ).action(async (options: OptionsOf<typeof rotateKeyFlags>) => {
    const output = outputOf(options)
    const { client, identity } = await signedClient(options, output)
    const newKey = openKeyFile(options.newKey, options.newPassphraseFile)
    requireReceiptPlace(undefined)
    const ledger = await signingLedger(options, client, output)
    const context = statementContext(ledger.origin, identity.id, 'participant.rotate-key')
    const possession = composePossession({ ...context, old: thumbprint(identity.signer.jwk) }, newKey)
    const statement = composeStatement(context, { newKey: newKey.jwk, possession }, {}, identity.signer, randomSalt)
    const result = await depositSigned(ledger, statement.presentation)
    const receipt = writeReceipt(result.index, result.receipt, undefined)
    output.result({ ...result, newKey: thumbprint(newKey.jwk) }, [
      `the key of ${identity.id} is now ${thumbprint(newKey.jwk)}: entry ${result.index}, ${result.time}`,
      `  receipt  ${receipt}`,
    ])
  })
}

function listCommand(group: Command): void {
  declare(
    group.command('list'),
    'list participants',
    clientFlags(),
    '\nExample:\n  evidence participants list --json',
  ).action(async (options: ClientOptions) => {
    const output = outputOf(options)
    const client = await withIdentityIfAny(options, clientOf(options, output))
    const participants = await client.participants()
    const { intakeEndedAt, closedAt, successor } = await client.ledger()
    const end = defined({ intakeEndedAt, closedAt, successor })
    const lines = participants.flatMap(({ id, type, roles: held, active, name, identifiedBy, keys }) => [
      [
        id,
        type ?? 'administrator',
        held.join(' '),
        active ? 'active' : 'not active',
        ...(name === undefined ? [] : [name]),
        ...(identifiedBy === undefined ? [] : [`identified by ${identifiedBy}`]),
      ],
      ...keys.map(
        (key) =>
          `  key ${key.thumbprint} ${key.status}, since entry ${key.since}${key.until === undefined ? '' : `, until entry ${key.until}`}`,
      ),
    ])
    output.result({ ...end, participants }, [...endLines(end), ...lines])
  })
}
