import type { Command } from 'commander'
import { EvidenceError } from '../../src/core/errors.ts'
import { thumbprint } from '../../src/core/jwk.ts'
import { defined } from '../../src/core/objects.ts'
import { keyFingerprint, parseFingerprint } from '../../src/core/policy-fingerprint.ts'
import { kindNamed } from '../../src/statements/kinds.ts'
import type { AdmitMembers } from '../../src/statements/kinds/participant-admit.ts'
import { identifications, personalTypes } from '../../src/statements/vocabulary.ts'
import { outputOf } from '../options/client.ts'
import { declare, type OptionsOf, required } from '../options/declare.ts'
import { openCodeArgument } from '../options/values.ts'
import { changeFlags, submitChange } from '../statements/change.ts'
import { readRequest } from '../statements/requests.ts'

const flags = [
  ...changeFlags,
  ['--fingerprint <hex>', 'of the key, as its owner read it to you', required],
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
on paper: without it anybody who sends the file could be admitted under that name.

Example:
  evidence participants admit-request notary-3.admission.json --fingerprint "1f0a 33c2 9d4e 5b60 7a81 c2d3"`,
  ).action(async (path: string, options: OptionsOf<typeof flags>) => {
    const { kind, members } = readRequest(path)
    const asked = kindNamed(kind)
    const read = asked?.admits === undefined ? undefined : asked.schema.safeParse(members)
    if (read?.success !== true)
      throw new EvidenceError('usage', `${path} is no request for admission of one participant with one key`, {
        where: path,
      })
    const { participant } = read.data as AdmitMembers
    requireFingerprint(participant.keys[0], options.fingerprint)
    const { name = participant.name, note, identifiedBy: way } = options
    const isPersonal = personalTypes.includes(participant.type)
    const identifiedBy =
      way === undefined ? undefined : openCodeArgument(way, identifications, 'way to identify', outputOf(options))
    const { id, type, roles, keys } = participant
    const admitted = { id, type, roles, keys, ...defined({ name: isPersonal ? undefined : name }) }
    const sealed = defined({ names: isPersonal ? name : undefined, note })
    await submitChange(options, kind, { participant: admitted, ...defined({ identifiedBy }) }, sealed, {
      participant: id,
    })
  })
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
