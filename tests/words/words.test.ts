import { describe, expect, it } from 'vitest'
import { cases as casesEn } from '../../src/words/en/cases.ts'
import { certified as certifiedEn } from '../../src/words/en/certified.ts'
import { deposit as depositEn } from '../../src/words/en/deposit.ts'
import { explorer as explorerEn } from '../../src/words/en/explorer.ts'
import { cases as casesZh } from '../../src/words/zh/cases.ts'
import { certified as certifiedZh } from '../../src/words/zh/certified.ts'
import { deposit as depositZh } from '../../src/words/zh/deposit.ts'
import { explorer as explorerZh } from '../../src/words/zh/explorer.ts'
import { report as reportEn } from '../../src/words/en/report.ts'
import { report as reportZh } from '../../src/words/zh/report.ts'
import { languageFor, languages, tagOf, wordsOf } from '../../src/words/index.ts'

/** Every text of a catalogue by its path; functions as the number of what they are given. */
function textsOf(catalogue: object, path = ''): Map<string, string | number> {
  const found = new Map<string, string | number>()
  for (const [name, value] of Object.entries(catalogue)) {
    const at = `${path}/${name}`
    if (typeof value === 'string') found.set(at, value)
    else if (typeof value === 'function') found.set(at, (value as (...parts: readonly unknown[]) => string).length)
    else for (const [below, text] of textsOf(value as object, at)) found.set(below, text)
  }
  return found
}

const english = textsOf({
  ...wordsOf('en'),
  explorer: explorerEn,
  cases: casesEn,
  deposit: depositEn,
  report: reportEn,
  certified: certifiedEn,
})
const chinese = textsOf({
  ...wordsOf('zh'),
  explorer: explorerZh,
  cases: casesZh,
  deposit: depositZh,
  report: reportZh,
  certified: certifiedZh,
})

/** Paths of texts that a test finds wanting. */
const wanting = (
  texts: ReadonlyMap<string, string | number>,
  isWrong: (text: string, path: string) => boolean,
): string[] => [...texts].flatMap(([path, text]) => (typeof text === 'string' && isWrong(text, path) ? [path] : []))

describe('catalogues', () => {
  it('have the same texts, and functions of as many arguments', () => {
    const functions = (texts: ReadonlyMap<string, string | number>): [string, string | number][] =>
      [...texts].filter(([, text]) => typeof text === 'number').sort(([a], [b]) => (a < b ? -1 : 1))
    expect([...chinese.keys()].sort()).toEqual([...english.keys()].sort())
    expect(functions(chinese)).toEqual(functions(english))
  })

  it('have no empty text, and none that was left in the other language', () => {
    expect(wanting(chinese, (text) => text.trim() === '' || !/\p{Script=Han}/u.test(text))).toEqual([])
    expect(wanting(english, (text) => text.trim() === '' || /\p{Script=Han}/u.test(text))).toEqual([])
  })

  it('never say more of a result than may be said', () => {
    const tooMuch = /\b(?:tampered|forged|authentic|guarantee[sd]?|prove[sn]? (?:true|genuine))\b|篡改|伪造|保证真实/i
    expect(wanting(new Map([...english, ...chinese]), (text) => tooMuch.test(text))).toEqual([])
    expect(wanting(english, (text) => tooMuch.test(text))).toEqual([])
  })

  it('mark every text in the pseudo-locale', () => {
    expect(wanting(textsOf(wordsOf('zz')), (text) => !/^\[.*~\]$/su.test(text))).toEqual([])
    expect(wordsOf('zz').check.several('1', '2')).toMatch(/^\[1 óf 2 .*~\]$/u)
  })

  it('are chosen by what is asked for, then by what the reader prefers', () => {
    expect(languageFor('zh', ['en'])).toBe('zh')
    expect(languageFor('xx', ['fr', 'zh-Hant-TW', 'en'])).toBe('zh')
    expect(languageFor(undefined, ['fr'])).toBe('en')
    expect(languages.map(tagOf)).toEqual(['zh-CN', 'en', 'en-x-pseudo'])
  })
})
