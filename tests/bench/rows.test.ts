import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { asked, Results, rows } from '../../bench/rows.mjs'

const names = rows.map(({ name }) => name)
const sample = { value: 2, v: 1, against: 1, cpuPerEntry: 3 }

describe('what --json prints', () => {
  it('has every row, each with the names that programs read', () => {
    const results = new Results()
    for (const name of names) results.add(name, [sample])
    const document = results.document({ cpu: 'one' })
    expect(Object.keys(document)).toEqual(['machine', 'results'])
    expect(document.results.map(({ name }) => name)).toEqual(names)
    for (const row of document.results) {
      const members = ['cpuPerEntry', 'name', 'ratio', 'rounds', 'spread', 'unit', 'v', 'value']
      expect(Object.keys(row).toSorted()).toEqual(members)
    }
  })

  it('is refused where a row that was asked for was not measured', () => {
    const results = new Results()
    results.add('open', [sample])
    expect(() => results.document({})).toThrow('verify.steady')
    expect(results.document({}, ['open']).results).toHaveLength(1)
  })

  it('takes no row that the list does not have, and none twice', () => {
    const results = new Results()
    expect(() => results.add('verify.quickly', [sample])).toThrow('no row verify.quickly')
    results.add('open', [sample])
    expect(() => results.add('open', [sample])).toThrow('twice')
  })

  it('has the rows that others rely on', () => {
    const kept = [
      'verify.full',
      'verify.steady',
      'verify.trusted.steady',
      'verify.mixed',
      'verify.churn',
      'folder.small',
    ]
    expect(names).toEqual(expect.arrayContaining(kept))
    expect(new Set(names).size).toBe(names.length)
  })
})

describe('--only', () => {
  it('names rows, or what their names begin with', () => {
    expect(asked()).toEqual(names)
    expect(asked('open,verify.mixed')).toEqual(['open', 'verify.mixed', 'verify.mixed.whole'])
    expect(() => asked('verify.m')).toThrow('no row')
  })
})

describe('docs/performance.md', () => {
  const page = readFileSync(new URL('../../docs/performance.md', import.meta.url), 'utf8')
  it.each(names)('explains %s', (name) => {
    expect(page).toContain(`\`${name}\``)
  })
})
