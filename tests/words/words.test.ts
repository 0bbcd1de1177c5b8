import { describe, expect, it } from 'vitest'
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

const english = textsOf({ ...wordsOf('en'), report: reportEn })
const chinese = textsOf({ ...wordsOf('zh'), report: reportZh })

/** Texts that are the same in both languages. */
const alike: ReadonlySet<string> = new Set([])

describe('catalogues', () => {
  it('have the same texts, and functions of as many arguments', () => {
    expect([...chinese.keys()].sort()).toEqual([...english.keys()].sort())
    for (const [path, text] of english) if (typeof text === 'number') expect(chinese.get(path), path).toBe(text)
  })

  it('have no empty text, and in Chinese none that was left in English', () => {
    for (const [path, text] of chinese) {
      if (typeof text !== 'string') continue
      expect(text.trim(), path).not.toBe('')
      if (!alike.has(path)) expect(text, path).toMatch(/\p{Script=Han}/u)
    }
    for (const [path, text] of english) if (typeof text === 'string') expect(text, path).not.toMatch(/\p{Script=Han}/u)
  })

  it('never say more of a result than may be said', () => {
    const tooMuch = /\b(?:tampered|forged|authentic|guarantee[sd]?|prove[sn]? (?:true|genuine))\b|篡改|伪造|保证真实/i
    for (const [path, text] of [...english, ...chinese])
      if (typeof text === 'string') expect(text, path).not.toMatch(tooMuch)
  })

  it('mark every text in the pseudo-locale', () => {
    for (const [path, text] of textsOf(wordsOf('zz')))
      if (typeof text === 'string') expect(text, path).toMatch(/^\[.*~\]$/su)
    expect(wordsOf('zz').check.several(1, 2)).toMatch(/^\[1 óf 2 .*~\]$/u)
  })

  it('are chosen by what is asked for, then by what the reader prefers', () => {
    expect(languageFor('zh', ['en'])).toBe('zh')
    expect(languageFor('xx', ['fr', 'zh-Hant-TW', 'en'])).toBe('zh')
    expect(languageFor(undefined, ['fr'])).toBe('en')
    expect(languages.map(tagOf)).toEqual(['zh-CN', 'en', 'en-x-pseudo'])
  })
})
