import type { Command } from 'commander'
import { EvidenceError } from '../../src/core/errors.ts'
import { thumbprint } from '../../src/core/jwk.ts'
import { defined } from '../../src/core/objects.ts'
import { keyFingerprint, parseFingerprint } from '../../src/core/policy-fingerprint.ts'
import { kindNamed } from '../../src/statements/kinds.ts'
import type { AdmitMembers } from '../../src/statements/kinds/participant-admit.ts'
import { identifications, personalTypes } from '../../src/statements/vocabulary.ts'
import { outputOf } from '../options/client.ts'
import { declare, type OptionsOf, repeated, required } from '../options/declare.ts'
import { openCodeArgument } from '../options/values.ts'
import { changeFlags, submitChange } from '../statements/change.ts'
import { requireAddressable } from '../options/participant-id.ts'
import { readRequest } from '../statements/requests.ts'

const flags = [
  ...changeFlags,
  ['--fingerprint <hex>', 'of the key, as its owner read it to you', required],
  ['--role <role>', 'role to grant besides depositor, where the request asks for it', repeated],
  ['--name <text>', 'name; sealed where it is a person’s; by default the one in the request'],
  ['--identified-by <code>', `how you know who it is: ${identifications.join(', ')}, or another code`],
  ['--note <text>', 'what you noted of it; sealed, and shown to participants'],
] as const

/** `evidence participants admit-request FILE` */
export function admitRequestCommand(group: Command): void {
  declare(
    group.command('admit-request <file>'),
    'admit a participant by the request that it made in its browser (an administrator signs)',
    flags,
    `
The page /deposit of a ledger makes the request, and shows the fingerprint of the key. Have it read to you by somebody whose voice you know, or
on paper: without it anybody who sends the file could be admitted under that name. The file is its sender's word: of the roles that it asks for
only depositing is granted, and others where you name them by --role; a request for another ledger is refused.

Example:
  evidence participants admit-request notary-3.admission.json --fingerprint "1f0a 33c2 9d4e 5b60 7a81 c2d3"`,
  ).action(async (path: string, options: OptionsOf<typeof flags>) => {
    const { aud, kind, members } = readRequest(path)
    const asked = kindNamed(kind)
    const read = asked?.admits === undefined ? undefined : asked.schema.safeParse(members)
    if (read?.success !== true)
      throw new EvidenceError('usage', `${path} is no request for admission of one participant with one key`, {
        where: path,
      })
    const { participant } = read.data as AdmitMembers
    requireAddressable(participant.id)
    requireFingerprint(participant.keys[0], options.fingerprint)
    requireRoles(path, participant.roles, options.role ?? [])
    const { name = participant.name, note, identifiedBy: way } = options
    const isPersonal = personalTypes.includes(participant.type)
    const identifiedBy =
      way === undefined ? undefined : openCodeArgument(way, identifications, 'way to identify', outputOf(options))
    const { id, type, roles, keys } = participant
    outputOf(options).note(
      `${path} asks to admit ${id}, ${type}${participant.name === undefined ? '' : `, named ${JSON.stringify(participant.name)}`}, as ${roles.join(', ')}`,
    )
    const admitted = { id, type, roles, keys, ...defined({ name: isPersonal ? undefined : name }) }
    const sealed = defined({ names: isPersonal ? name : undefined, note })
    await submitChange(options, kind, { participant: admitted, ...defined({ identifiedBy }) }, sealed, {
      said: { participant: id, roles: roles.join(', ') },
      of: { aud, path },
    })
  })
}

/** The file is its sender's word: nobody is given by it what the administrator did not name. Throws `usage`. */
function requireRoles(path: string, asked: readonly string[], granted: readonly string[]): void {
  const more = asked.filter((role) => role !== 'depositor' && !granted.includes(role))
  if (more.length === 0) return
  const options = more.map((role) => `--role ${role}`).join(' ')
  throw new EvidenceError(
    'usage',
    `${path} asks for the role ${more.join(', ')} besides depositing: grant it by ${options}, or have a request made without it`,
    { where: '--role', expected: ['depositor', ...granted].join(', '), found: asked.join(', ') },
  )
}

/** Throws `usage` for what is no fingerprint, `fingerprint-differs` for that of another key. */
function requireFingerprint(key: AdmitMembers['participant']['keys'][number] | undefined, told: string): void {
  const expected = parseFingerprint(told)
  if (expected === undefined)
    throw new EvidenceError('usage', 'a fingerprint is 24 hexadecimal digits, in groups or not', {
      where: '--fingerprint',
    })
  if (key === undefined) throw new EvidenceError('usage', 'the request names no key')
  const found = keyFingerprint(key)
  if (found === expected) return
  const message = `the key in the request, ${thumbprint(key)}, has another fingerprint than was read to you: nobody was admitted`
  throw new EvidenceError('fingerprint-differs', message, { expected, found })
}
