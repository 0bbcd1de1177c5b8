// What a ledger for measurements holds, as a plan: the same steps for the same size and seed. bench/make.mjs signs them and has them sequenced.

/** Numbers from 0 to below 1 that a seed gives again (mulberry32). */
export function randomOf(seed) {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Draws ranks from 0 to below `count` after a Zipf distribution: rank r comes in proportion to 1 / (r + 1) to the power of `exponent`. */
export function zipf(count, random, exponent = 1) {
  const upTo = new Float64Array(count)
  let sum = 0
  for (let rank = 0; rank < count; rank++) upTo[rank] = sum += (rank + 1) ** -exponent
  return () => {
    const wanted = random() * sum
    let [low, high] = [0, count - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if (upTo[middle] > wanted) high = middle
      else low = middle + 1
    }
    return low
  }
}

/** The numbers from 0 to below `count`, in an order that the seed gives. */
function shuffled(count, random) {
  const list = Uint32Array.from({ length: count }, (_, i) => i)
  for (let i = count - 1; i > 0; i--) {
    const other = Math.floor(random() * (i + 1))
    const kept = list[i]
    list[i] = list[other]
    list[other] = kept
  }
  return list
}

/** Deposits that lie between one and the next that refers to it: the writer has sequenced them by then. */
export const referenceLag = 2048

/** Entries that a trial ledger begins with: genesis, and the admission of its depositor, who is signer -1. */
export const setUpEntries = 2

export const shares = { relates: 0.3, attestations: 0.05, registry: 0.01 }

/** One signer, nothing but deposits. */
function* plain({ entries }) {
  for (let i = setUpEntries; i < entries; i++) yield { what: 'deposit', signer: -1 }
}

/** Changes of the registry, in turn: as many participants go as come. */
const turns = ['rotate', 'revoke', 'admit', 'rotate']

/**
 * Many signers, after Zipf, who are admitted first; after that deposits, of which some relate to an earlier one, attestations, and changes of the registry. A
 * participant that is revoked is followed by a new one of the same rank.
 */
function* mixed({ entries, keys, seed }) {
  const random = randomOf(seed)
  const rankOf = zipf(keys, random)
  const signers = Int32Array.from({ length: keys }, (_, i) => i)
  for (let signer = 0; signer < keys; signer++) yield { what: 'admit', signer }
  const left = entries - setUpEntries - keys
  let [next, deposits, turn, vacant] = [keys, 0, 0, -1]
  const anyRank = () => {
    const rank = rankOf()
    return rank === vacant ? (rank + 1) % keys : rank
  }
  for (let i = 0; i < left; i++) {
    const drawn = random()
    const rank = anyRank()
    const signer = signers[rank]
    const canRefer = deposits > referenceLag
    const earlier = () => Math.floor(random() * (deposits - referenceLag))
    if (drawn < shares.registry) {
      const what = turns[turn++ % turns.length]
      if (what === 'rotate') yield { what, signer }
      else if (what === 'revoke') {
        vacant = rank
        yield { what, signer }
      } else {
        signers[vacant] = next
        vacant = -1
        yield { what, signer: next++ }
      }
    } else if (canRefer && drawn < shares.registry + shares.attestations)
      yield { what: 'attest', signer, of: earlier() }
    else {
      // Of the deposits alone, so that the share is one of them.
      const relates = canRefer && random() < shares.relates
      yield relates ? { what: 'deposit', signer, of: earlier() } : { what: 'deposit', signer }
      deposits++
    }
  }
}

/** Signatures of each key of {@link churn}. */
export const churnSignatures = 4

/** Keys that each sign four times, in no order: all are admitted first. */
function* churn({ keys, seed }) {
  for (let signer = 0; signer < keys; signer++) yield { what: 'admit', signer }
  for (const at of shuffled(keys * churnSignatures, randomOf(seed))) yield { what: 'deposit', signer: at % keys }
}

/** Deposits that change hands in {@link stateful}. */
const handedDeposits = 1000

/** One signer; one entry in five is of the made-up kind of the tests, which keeps who holds a deposit in the registry. */
function* stateful({ entries, seed }) {
  const random = randomOf(seed)
  let deposits = 0
  for (let i = setUpEntries; i < entries; i++) {
    if (i % 5 === 0 && deposits > referenceLag)
      yield { what: 'hand-over', signer: -1, of: Math.floor(random() * handedDeposits) }
    else {
      deposits++
      yield { what: 'deposit', signer: -1 }
    }
  }
}

/** Participants of {@link custody}, admitted first: any may come to hold what another deposited. */
export const custodians = 64

/** Later entries about the first deposit in {@link custody}, spread evenly over the ledger. */
export const historyEvents = 1000

/**
 * One entry in five hands a deposit over, from who holds it to another; the first deposit has a history besides, of hand-overs and records in turn. `giver` holds the
 * deposit before that entry.
 */
function* custody({ entries, seed }) {
  const random = randomOf(seed)
  const any = () => Math.floor(random() * custodians)
  for (let signer = 0; signer < custodians; signer++) yield { what: 'admit', signer }
  const holders = new Int32Array(entries)
  const from = setUpEntries + custodians
  const pace = Math.floor((entries - from - referenceLag) / historyEvents)
  let [deposits, told] = [0, 0]
  const transfer = (of) => {
    const giver = holders[of]
    const signer = (giver + 1 + Math.floor(random() * (custodians - 1))) % custodians
    holders[of] = signer
    return { what: 'transfer', signer, giver, of }
  }
  for (let i = from; i < entries; i++) {
    const canRefer = deposits > referenceLag
    if (canRefer && told < historyEvents && i % pace === 0)
      yield told++ % 2 === 0 ? transfer(0) : { what: 'record', signer: holders[0], of: 0 }
    else if (canRefer && i % 5 === 0) yield transfer(1 + Math.floor(random() * (deposits - referenceLag - 1)))
    else {
      const signer = any()
      holders[deposits++] = signer
      yield { what: 'deposit', signer }
    }
  }
}

const plans = { plain, mixed, churn, stateful, custody }

/** Entries of a whole ledger of {@link churn}. */
export const churnEntries = (keys) => setUpEntries + keys * (1 + churnSignatures)

/**
 * The steps of a ledger after its genesis and first admission, one for each entry: what is signed, by which signer, and which deposit it refers to, by its
 * number among the deposits. `parameters` are the workload's name, `entries`, `keys` where there are several signers, and the `seed`.
 */
export function plan({ workload, seed = 1, ...parameters }) {
  const steps = plans[workload]
  if (steps === undefined) throw new Error(`there is no workload ${workload}`)
  return steps({ seed, ...parameters })
}
