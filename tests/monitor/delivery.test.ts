import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { EvidenceError } from '../../src/core/errors.ts'
import { type Channel, Delivery } from '../../src/monitor/delivery.ts'
import type { MonitorEvent } from '../../src/monitor/events.ts'
import { temporaryFolder } from '../support/folder.ts'

const { path, remove } = temporaryFolder()
afterAll(remove)

const alarm = (code: string, origin = 'ledger.example'): MonitorEvent => ({
  event: 'notice',
  what: 'watch',
  origin,
  where: 'here',
  watched: code,
  index: 1,
})

let number = 0
/** A delivery over channels that take what they are told to, on a clock that is moved by hand. */
function over(file: string, names: readonly string[] = ['hook', 'webhook']) {
  const told = names.map(() => [] as string[])
  const refuses: ((code: string) => boolean)[] = names.map(() => () => false)
  const failures: EvidenceError[] = []
  const clock = { ms: 0 }
  const channels = Object.fromEntries(
    names.map((name, i) => [
      name,
      async (event: MonitorEvent): Promise<void> => {
        const { watched } = event as unknown as { watched: string }
        if (refuses[i]?.(watched) === true) throw new EvidenceError('webhook-refused', `${name} refused`)
        told[i]?.push(watched)
      },
    ]),
  )
  const onFailure = (error: EvidenceError): void => void failures.push(error)
  const all = new Delivery({ file, channels, onFailure, now: () => clock.ms })
  const delivery = {
    tell: (events: readonly MonitorEvent[]): Promise<void> => {
      all.tell(events)
      return all.settled()
    },
  }
  return { delivery, told, refuses, failures, clock }
}
const fileOf = (): string => join(path, `${number++}`, 'undelivered.json')

describe('F-RA-M2: alarms that a channel does not take', () => {
  it('are tried again after a pause, and told once by each channel', async () => {
    const { delivery, told, refuses, failures, clock } = over(fileOf())
    refuses[0] = () => true
    await delivery.tell([alarm('a'), alarm('b')])
    expect([told, failures.length]).toEqual([[[], ['a', 'b']], 1])
    // Not before its time; then longer and longer.
    await delivery.tell([])
    expect(failures.length).toBe(1)
    clock.ms = 1000
    await delivery.tell([])
    clock.ms = 2999
    await delivery.tell([])
    expect(failures.length).toBe(2)
    refuses[0] = () => false
    clock.ms = 3000
    await delivery.tell([])
    await delivery.tell([])
    expect(told.map((one) => one.toSorted())).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ])
  })

  it('stay through a restart, also where the process ended while it told them', async () => {
    const file = fileOf()
    const first = over(file)
    first.refuses[0] = () => true
    await first.delivery.tell([alarm('a')])
    let seen = ''
    first.refuses[1] = () => {
      seen = readFileSync(file, 'utf8')
      return false
    }
    await first.delivery.tell([alarm('b')])
    expect((JSON.parse(seen) as { webhook: unknown }).webhook).toHaveLength(1)
    // The webhook alone is given now: what waits for the hook waits on.
    await over(file, ['webhook']).delivery.tell([alarm('c')])
    const again = over(file)
    // The look after a restart finds again what lasts.
    await again.delivery.tell([alarm('a')])
    expect(again.told.map((one) => one.toSorted())).toEqual([['a', 'b'], ['a']])
    const last = over(file)
    await last.delivery.tell([])
    expect(last.told).toEqual([[], []])
  })

  it('hold up neither what is new nor the others', async () => {
    const { delivery, told, refuses, clock } = over(fileOf(), ['hook'])
    refuses[0] = (code) => code === 'never'
    await delivery.tell([alarm('never'), alarm('a')])
    await delivery.tell([alarm('b')])
    expect(told[0]).toContain('b')
    clock.ms = 1_000_000
    await delivery.tell([])
    clock.ms = 2_000_000
    await delivery.tell([])
    expect(told[0]?.toSorted()).toEqual(['a', 'b'])
  })

  it('are bounded, and that there are more is said', async () => {
    const file = fileOf()
    const { delivery, refuses, failures } = over(file, ['hook'])
    refuses[0] = () => true
    await delivery.tell(Array.from({ length: 1003 }, (_, i) => alarm(`${i}`)))
    expect(failures[0]?.message).toMatch(/^3 events are not kept for the hook/)
    expect((JSON.parse(readFileSync(file, 'utf8')) as { hook: unknown }).hook).toHaveLength(1000)
  })

  it('CR-W: of a proof have room of their own, however much else waits', async () => {
    const file = fileOf()
    const { delivery, refuses, failures, told } = over(file)
    const proof = { event: 'alarm', what: 'misbehaviour', origin: 'ledger.example', where: 'here', watched: 'proof' }
    const unproven = { ...proof, what: 'unproven' }
    refuses[0] = () => true
    await delivery.tell(Array.from({ length: 1003 }, (_, i) => alarm(`${i}`)))
    await delivery.tell(Array.from({ length: 1003 }, (_, i) => ({ ...unproven, watched: `u${i}` }) as never))
    await delivery.tell([proof as never])
    expect(failures.filter(({ code }) => code === 'alarm-undelivered').map(({ message }) => message)).toEqual([
      '3 events are not kept for the hook: 1000 wait for it already',
      '3 events are not kept for the webhook: 1000 wait for it already',
      '3 alarms are not kept for the hook: 1000 wait for it already',
      '3 alarms are not kept for the webhook: 1000 wait for it already',
    ])
    expect(told[1]).toContain('proof')
    const kept = (JSON.parse(readFileSync(file, 'utf8')) as { hook: { watched: string }[] }).hook
    expect(kept.map(({ watched }) => watched)).toContain('proof')
    // A restart reads all of it.
    expect(over(file).delivery).toBeDefined()
  })

  it('are not thrown away with a file that cannot be read', () => {
    const file = join(path, 'spoiled.json')
    for (const text of ['', '[]', '{"hook":1}', 'null']) {
      writeFileSync(file, text)
      expect(() => over(file)).toThrow(expect.objectContaining({ code: 'file-unreadable' }))
    }
  })

  it('make no file where there are none', async () => {
    const file = fileOf()
    await over(file).delivery.tell([])
    expect(existsSync(file)).toBe(false)
  })
})

/** A channel that takes nothing until it is let, and what it was given. */
function held(): { channel: Channel; given: string[]; let: () => void } {
  const given: string[] = []
  let open: () => void = () => {}
  const gate = new Promise<void>((resolve) => {
    open = resolve
  })
  const channel: Channel = (event) => {
    given.push(`${event.origin} ${(event as unknown as { watched: string }).watched}`)
    return event.origin === 'p' ? gate : Promise.resolve()
  }
  return { channel, given, let: open }
}
const never = (error: EvidenceError): never => {
  throw error
}

describe('FR: events of one ledger', () => {
  it('are delivered while another ledger’s wait for a channel, and each ledger’s in order', async () => {
    const { channel, given, let: open } = held()
    const delivery = new Delivery({ file: fileOf(), channels: { hook: channel }, onFailure: never })
    delivery.tell([alarm('1', 'p'), alarm('2', 'p')])
    delivery.tell([alarm('1', 'q')])
    delivery.tell([alarm('2', 'q')])
    await vi.waitFor(() => expect(given).toContain('q 2'), { timeout: 60_000 })
    expect(given).toEqual(['p 1', 'q 1', 'q 2'])
    delivery.tell([alarm('3', 'p')])
    open()
    await delivery.settled()
    expect(given).toEqual(['p 1', 'q 1', 'q 2', 'p 2', 'p 3'])
  })

  it('by one channel wait for no other channel', async () => {
    const [slow, quick] = [held(), held()]
    quick.let()
    const channels = { slow: slow.channel, quick: quick.channel }
    const delivery = new Delivery({ file: fileOf(), channels, onFailure: never })
    delivery.tell([alarm('1', 'p'), alarm('2', 'p')])
    await vi.waitFor(() => expect(quick.given).toEqual(['p 1', 'p 2']), { timeout: 60_000 })
    slow.let()
    await delivery.settled()
    expect(slow.given).toEqual(['p 1', 'p 2'])
  })

  it('are kept before they are delivered, take no room of another’s, and stay apart through a restart', async () => {
    const file = fileOf()
    const { delivery, refuses, failures } = over(file, ['hook'])
    refuses[0] = () => true
    await delivery.tell(Array.from({ length: 1003 }, (_, i) => alarm(`${i}`, 'p')))
    await delivery.tell([alarm('one', 'q')])
    expect(failures.filter(({ code }) => code === 'alarm-undelivered')).toHaveLength(1)
    expect((JSON.parse(readFileSync(file, 'utf8')) as { hook: unknown }).hook).toHaveLength(1001)
    const { channel, given, let: open } = held()
    const again = new Delivery({ file, channels: { hook: channel }, onFailure: never })
    again.tell([])
    await vi.waitFor(() => expect(given).toContain('q one'), { timeout: 60_000 })
    expect(given.filter((name) => name.startsWith('p'))).toHaveLength(1)
    open()
  })

  it('that a fault of ours broke are told of by the next call', async () => {
    const broken = (): Promise<void> => Promise.reject(new TypeError('ours'))
    const delivery = new Delivery({ file: fileOf(), channels: { hook: broken }, onFailure: never })
    delivery.tell([alarm('1')])
    await expect(delivery.settled()).rejects.toThrow('ours')
    expect(() => delivery.tell([])).toThrow('ours')
  })
})
