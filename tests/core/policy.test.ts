import { describe, expect, it } from 'vitest'
import { toBase64 } from '../../src/core/base64.ts'
import { concat, utf8 } from '../../src/core/bytes.ts'
import { verifierKey } from '../../src/core/note.ts'
import { encodeLogPolicy, parsePolicy } from '../../src/core/policy.ts'
import { signerNamed } from '../support/signers.ts'
import { cosignerNamed } from './cosigners.ts'
import { ledgerKey } from './samples.ts'
import { codeOf } from './support.ts'

const log = ledgerKey.text
const [w1, w2, w3] = ['1', '2', '3'].map((name) => cosignerNamed(name).key.text) as [string, string, string]
const witnesses = `witness w1 ${w1}\nwitness w2 ${w2}\nwitness w3 ${w3}\n`

function read(text: string): string {
  return codeOf(() => parsePolicy(utf8(text)))
}

describe('policy', () => {
  it('of one log is written and read', () => {
    const policy = parsePolicy(utf8(encodeLogPolicy(ledgerKey, ['a comment'])))
    expect(policy).toEqual({ logs: [{ key: ledgerKey }], witnesses: [], groups: [], quorum: 'none' })
  })

  it('reads what tlog-policy shows, with addresses and space of every kind', () => {
    const policy = parsePolicy(
      utf8(
        `# policy\n\n \t# indented\n\tlog \t ${log}  https://log.example/ \n#\n${witnesses.replace('\n', ' https://w1.example\n')}` +
          `group all3 all w1 w2\t\ngroup some 1 w3 all3\nquorum some\n   \n#end\n`,
      ),
    )
    expect(policy.logs).toEqual([{ key: ledgerKey, url: 'https://log.example/' }])
    expect(policy.witnesses.map(({ name, url }) => [name, url])).toEqual([
      ['w1', 'https://w1.example'],
      ['w2', undefined],
      ['w3', undefined],
    ])
    expect(policy.groups).toEqual([
      { name: 'all3', threshold: 2, members: ['w1', 'w2'] },
      { name: 'some', threshold: 1, members: ['w3', 'all3'] },
    ])
    expect(policy.quorum).toBe('some')
  })

  it.each<[string, string]>([
    ['no log', 'quorum none\n'],
    ['the quorum before the log', `quorum none\nlog ${log}\n`],
    ['a witness as quorum', `${witnesses}quorum w2\n`],
    [
      'thresholds any, all, 1 and n',
      `${witnesses}group a any w1\ngroup b all a\ngroup c 1 b w2\ngroup d 2 c w3\nquorum d\n`,
    ],
    [
      'the same key as log and as witness',
      `log ${log}\nwitness w ${verifierKey('w', signerNamed('ledger').publicKey, 4).text}\nquorum none\n`,
    ],
    [
      'names that look like words of the grammar',
      `witness log ${w1}\nwitness quorum ${w2}\ngroup any all log quorum\nquorum any\n`,
    ],
  ])('may have %s', (_, text) => {
    expect(read(text)).toBe('accepted')
  })

  it('may have octets that are not UTF-8 in names and comments', () => {
    const name = Uint8Array.of(0xe4, 0x80)
    const lines = [
      utf8('# '),
      Uint8Array.of(0x80, 0xff),
      utf8('\nwitness '),
      name,
      utf8(` ${w1}\nquorum `),
      name,
      utf8('\n'),
    ]
    const policy = parsePolicy(concat(...lines))
    expect(policy.quorum).toBe(policy.witnesses[0]?.name)
  })

  it('may have a witness whose key name is not ASCII, since names are octets', () => {
    const key = verifierKey('büro.example/zeuge-说明', signerNamed('witness 9').publicKey, 4)
    expect(read(`log ${log}\nwitness w ${key.text}\nquorum w\n`)).toBe('accepted')
  })

  it('reads a witness of a type that this version cannot verify', () => {
    const vkey = `pq.example+00000000+${toBase64(concat(Uint8Array.of(0xff), new Uint8Array(1312)))}`
    expect(read(`log ${log}\nwitness pq ${vkey}\nquorum none\n`)).toBe('accepted')
  })

  it('has room for 32 logs, 32 witnesses and 32 groups', () => {
    const lines = Array.from({ length: 32 }, (_, i) => {
      const logKey = verifierKey(`log${i}.example`, signerNamed(`log ${i}`).publicKey)
      return `log ${logKey.text}\nwitness w${i} ${cosignerNamed(`many ${i}`.replace(' ', '-')).key.text}\ngroup g${i} any w${i}\n`
    })
    const policy = parsePolicy(utf8(`${lines.join('')}quorum g31\n`))
    expect([policy.logs.length, policy.witnesses.length, policy.groups.length]).toEqual([32, 32, 32])
  })

  it.each<[string, string]>([
    ['nothing', ''],
    ['a comment alone', '# quorum none\n'],
    ['no quorum', `log ${log}\n`],
    ['two quorums', `log ${log}\nquorum none\nquorum none\n`],
    ['a quorum of nothing', 'quorum\n'],
    ['a quorum of two names', `${witnesses}quorum w1 w2\n`],
    ['a quorum that is not defined', 'quorum w1\n'],
    ['a quorum that is defined below', `quorum w1\n${witnesses}`],
    ['no final line feed', 'quorum none'],
    ['an unknown word', `logs ${log}\nquorum none\n`],
    ['a word in capitals', `LOG ${log}\nquorum none\n`],
    ['a comment after a definition', 'quorum none # all\n'],
    ['a carriage return', 'quorum none\r\n'],
    ['a form feed', 'quorum\fnone\n'],
    ['NUL', 'quorum none\u0000\n'],
    ['U+007F', '# \u007f\nquorum none\n'],
    ['a log without a key', 'log\nquorum none\n'],
    ['a log with two addresses', `log ${log} a b\nquorum none\n`],
    ['a log whose key is malformed', `log ${log}x\nquorum none\n`],
    ['a log of type 0x04', `log ${w1}\nquorum none\n`],
    ['a log of an unknown type', 'log ct.example+00000000+BQAAAA==\nquorum none\n'],
    ['a log twice', `log ${log}\nlog ${log}\nquorum none\n`],
    ['a log twice by another name', `log ${log}\nlog ${verifierKey('other', ledgerKey.publicKey).text}\nquorum none\n`],
    ['a witness without a name', `witness ${w1}\nquorum none\n`],
    ['a witness with two addresses', `witness w ${w1} a b\nquorum none\n`],
    ['a witness key twice', `witness a ${w1}\nwitness b ${w1}\nquorum none\n`],
    [
      'a witness key twice by another name',
      `witness a ${w1}\nwitness b ${verifierKey('x', signerNamed('witness 1').publicKey, 4).text}\nquorum none\n`,
    ],
    ['a witness name twice', `witness a ${w1}\nwitness a ${w2}\nquorum none\n`],
    ['a witness named none', `witness none ${w1}\nquorum none\n`],
    ['a group named none', `${witnesses}group none any w1\nquorum none\n`],
    ['a group named like a witness', `${witnesses}group w1 any w2\nquorum none\n`],
    ['a group twice', `${witnesses}group a any w1\ngroup a any w2\nquorum none\n`],
    ['a group without members', `${witnesses}group a any\nquorum none\n`],
    ['a group without a rule', `${witnesses}group a\nquorum none\n`],
    ['a group of none', `${witnesses}group a any none\nquorum none\n`],
    ['a group of itself', `${witnesses}group a any a\nquorum none\n`],
    ['a group of a name below', `group a any w1\n${witnesses}quorum none\n`],
    ['a member twice in a group', `${witnesses}group a any w1 w1\nquorum none\n`],
    ['a member of two groups', `${witnesses}group a any w1\ngroup b any w1\nquorum none\n`],
    ['a threshold of 0', `${witnesses}group a 0 w1\nquorum none\n`],
    ['a threshold above the members', `${witnesses}group a 3 w1 w2\nquorum none\n`],
    ['a negative threshold', `${witnesses}group a -1 w1\nquorum none\n`],
    ['a threshold with a leading zero', `${witnesses}group a 01 w1\nquorum none\n`],
    ['a threshold with a fraction', `${witnesses}group a 1.0 w1\nquorum none\n`],
    ['a threshold in capitals', `${witnesses}group a ANY w1\nquorum none\n`],
  ])('with %s is malformed', (_, text) => {
    expect(read(text)).toBe('policy-malformed')
  })

  it('says which line is malformed', () => {
    expect(() => parsePolicy(utf8(`# one\n\nlog ${log}\nlag\n`))).toThrow(/line 4/)
  })
})
