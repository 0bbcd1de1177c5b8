import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DepositAnswer } from '../../src/api/answers.ts'
import { toBase64 } from '../../src/core/base64.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { leafHash } from '../../src/core/entry.ts'
import type { JsonValue } from '../../src/core/json.ts'
import { parseReceipt } from '../../src/core/receipt.ts'
import type { SealedClaim } from '../../src/statements/vocabulary.ts'
import {
  asWho,
  claimsOf,
  type Desk,
  type Outcome,
  outcomeOf,
  referenceTo,
  send,
  type Step,
  type Told,
  type Who,
} from './case-002-desk.ts'
import { type CliError, type CliResult, evidence } from './cli.ts'

/* Steps of the play of case-002, but for those that pass custody (case-002-custody.ts). */

/** What is deposited by `evidence deposit`. */
export interface Deposits extends Told {
  readonly entry: string
  readonly paths: readonly string[]
  readonly category: string
  readonly collection?: Readonly<Record<string, JsonValue>>
  readonly note?: string
  /** A code and the receipt of what it relates to, below the case. */
  readonly relates?: string
}

/** Somebody deposits files or a folder by the command line, under the number of the case. */
export function deposits(by: Who, number: string, what: Deposits): Step {
  const { does, entry, paths, category, note, relates, collection = {} } = what
  return {
    by,
    does,
    entry,
    run: async (desk) => {
      const told = join(desk.path, `${entry}.collection.json`)
      writeFileSync(told, JSON.stringify(collection))
      const result = await evidence(
        [
          'deposit',
          ...paths,
          '--case',
          number,
          '--category',
          category,
          '--collection',
          told,
          '--json',
          ...(note === undefined ? [] : ['--note', note]),
          ...(relates === undefined ? [] : ['--relates', relates]),
          ...asWho(desk, by),
        ],
        { cwd: desk.evidence },
      )
      return deposited(desk, result)
    },
  }
}

function deposited(desk: Desk, result: CliResult): Outcome {
  if (result.code !== 0) return { refused: result.json<CliError>().error.code }
  const [one] = result.json<{ deposits: { receipts: string[] }[] }>().deposits
  const receipt = readFileSync(join(desk.evidence, one?.receipts[0] ?? ''), 'utf8')
  const { entry, entryBytes } = parseReceipt(utf8(receipt))
  return { index: entry.index, leafHash: toBase64(leafHash(entryBytes)), receipt }
}

/** Somebody signs a statement of a kind; `members` makes its own members when its turn comes. */
export function says(by: Who, kind: string, told: Told, members: (desk: Desk) => object = () => ({})): Step {
  const { sealed, shows, ...rest } = told
  return {
    by,
    ...rest,
    run: async (desk) => {
      const more = sealed === undefined ? {} : { sealed }
      return outcomeOf(
        await send(desk, desk.server.sign(desk.people[by], kind, members(desk), more).presentation, shows),
      )
    },
  }
}

/** A rule of access about entries of the play, for others where it is a grant. */
export function rules(
  by: Who,
  rule: string,
  of: readonly string[],
  basis: string,
  told: Told & { readonly to?: readonly Who[] },
): Step {
  const { to, shows, ...rest } = told
  return {
    by,
    ...rest,
    run: async (desk) => {
      const ids = to === undefined ? {} : { to: to.map((who) => desk.people[who].id) }
      const terms = { rule, of: of.map((name) => referenceTo(desk, name)), basis, ...ids } as never
      const statement = desk.server.sign(desk.people[by], 'access.rule', {}, { sealed: { terms } })
      return outcomeOf(await send(desk, statement.presentation, shows))
    },
  }
}

/** Several rules at once, so that nobody reads between them; the step's entry is the last. */
export function rulesTogether(
  by: Who,
  of: readonly string[],
  basis: string,
  told: Told,
  together: readonly string[],
): Step {
  const run = async (desk: Desk): Promise<Outcome> => {
    const references = of.map((name) => referenceTo(desk, name))
    const lines = together.map((rule) => {
      const terms = { rule, of: references, basis } as never
      return desk.server.sign(desk.people[by], 'access.rule', {}, { sealed: { terms } }).presentation
    })
    const answers = await desk.server.batch(lines)
    const refused = answers.find(({ code }) => code !== undefined)
    if (refused !== undefined) return { refused: refused.code }
    const { index, leafHash, receipt = '' } = answers.at(-1) as DepositAnswer
    return { index, leafHash, receipt }
  }
  return { by, ...told, run }
}

/** An authority orders claims of an entry of the play to be erased. */
export function ordersErasure(by: Who, target: string, claims: readonly SealedClaim[], told: Told): Step {
  return says(by, 'erasure.order', told, (desk) => ({
    of: [{ ...referenceTo(desk, target), digests: claimsOf(desk, target, claims).map(({ digest }) => digest) }],
  }))
}
