import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TestServer, testServer } from '../support/server.ts'

/* What the operations documents name must be what a server serves: a panel of a metric that is gone shows nothing, for ever. */
const folder = new URL('../../docs/operations/', import.meta.url)
const read = (name: string): string => readFileSync(fileURLToPath(new URL(name, folder)), 'utf8')
const named = (text: string): string[] => [...new Set(text.match(/\b(?:evidence|nodejs|process)_[a-z0-9_]+/g))].sort()
const family = (name: string): string => name.replace(/_(?:bucket|sum|count)$/, '')

describe('the documents on monitoring', () => {
  let server: TestServer
  let served: Set<string>

  beforeAll(async () => {
    server = await testServer()
    await server.post(server.deposit('for the metrics').presentation)
    const text = (await server.request('/metrics')).body.toString()
    served = new Set([...text.matchAll(/^# TYPE (\S+) /gm)].map((match) => match[1] as string))
  })
  afterAll(() => server.remove())

  it.each(['monitoring.md', 'alerts.yml', 'grafana-dashboard.json'])('%s names served metrics alone', (name) => {
    const found = named(read(name))
    expect(found.length).toBeGreaterThan(5)
    expect(found.filter((one) => !served.has(one) && !served.has(family(one)))).toEqual([])
  })

  it('leave out none of ours', () => {
    const documented = new Set(named(read('monitoring.md')))
    expect([...served].filter((one) => one.startsWith('evidence_') && !documented.has(one))).toEqual([])
  })

  it('have a dashboard that is JSON, each panel with a title, a unit and an expression', () => {
    interface Panel {
      readonly title?: string
      readonly targets?: readonly { readonly expr?: string }[]
      readonly fieldConfig?: { readonly defaults?: { readonly unit?: string } }
    }
    const { panels } = JSON.parse(read('grafana-dashboard.json')) as { panels: Panel[] }
    expect(panels.length).toBeGreaterThan(9)
    for (const { title, targets, fieldConfig } of panels) {
      expect(title).toMatch(/\S/)
      expect(fieldConfig?.defaults?.unit).toMatch(/\S/)
      for (const { expr } of targets ?? []) expect(named(expr ?? '').length).toBeGreaterThan(0)
    }
  })

  it('have alerts that each say what to do, after how long, and how grave it is', () => {
    const rules = read('alerts.yml')
      .split(/^ {6}- alert: /m)
      .slice(1)
    expect(rules.length).toBeGreaterThan(6)
    for (const rule of rules) {
      expect(rule).toMatch(/^[A-Z][A-Za-z]+\n/)
      for (const member of ['expr', 'for', 'severity', 'summary', 'action'])
        expect(rule).toMatch(new RegExp(`^ +${member}: \\S`, 'm'))
    }
  })
})
