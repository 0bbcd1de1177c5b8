import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { installNativePrimitives } from '../../src/node/native.ts'

const path = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url))
const read = (name: string): string => readFileSync(path(name), 'utf8')

describe('the unit of systemd', () => {
  const unit = read('packaging/evidence-ledger.service')

  it('has no rights, and one folder to write to', () => {
    for (const line of [
      'User=evidence-ledger',
      'StateDirectory=evidence-ledger',
      'NoNewPrivileges=yes',
      'CapabilityBoundingSet=',
      'ProtectSystem=strict',
      'UMask=0077',
      'Restart=on-abnormal',
    ]) {
      expect(unit.split('\n')).toContain(line)
    }
    expect(unit).not.toMatch(/^(?:ReadWritePaths|Environment=.*(?:PASS|KEY|SECRET))/m)
  })

  it('is one that systemd reads without a word', () => {
    const found = spawnSync('systemd-analyze', ['verify', path('packaging/evidence-ledger.service')], {
      encoding: 'utf8',
    })
    // Without systemd the lines above are all there is to ask; its own messages name what it does not know.
    expect(found.error === undefined ? found.stderr : '').not.toMatch(/unknown|failed to parse|invalid/i)
  })
})

describe('the image', () => {
  const lines = read('Dockerfile').split('\n')

  it('runs as a user without rights, and takes no secret at its build', () => {
    expect(lines.filter((line) => line.startsWith('USER '))).toEqual(['USER 10001:10001'])
    expect(lines.findLastIndex((line) => line.startsWith('USER '))).toBeLessThan(
      lines.findIndex((line) => line.startsWith('ENTRYPOINT ')),
    )
    expect(lines.some((line) => /^(?:ARG|ENV) .*(?:PASS|KEY|SECRET)/.test(line))).toBe(false)
  })

  it('copies what there is, and leaves keys and data out', () => {
    const copied = lines.flatMap((line) => /^COPY ([^-].*) \S+$/.exec(line)?.[1]?.split(' ') ?? [])
    expect(copied.filter((name) => name !== '.' && !existsSync(path(name)))).toEqual([])
    const ignored = read('.dockerignore').split('\n')
    for (const name of ['data', '**/*.pem', 'node_modules', '.git']) expect(ignored).toContain(name)
  })
})

describe('what is installed', () => {
  const { packages } = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, { integrity?: string }>
  }

  it('is held to a digest, every package of every platform', () => {
    const installed = Object.entries(packages).filter(([name]) => name !== '')
    expect(installed.length).toBeGreaterThan(300)
    expect(
      installed.filter(([, { integrity }]) => integrity?.startsWith('sha512-') !== true).map(([name]) => name),
    ).toEqual([])
  })

  it('runs no script when it is installed, and its native packages have their binaries all the same', () => {
    expect(read('.npmrc').split('\n')).toContain('ignore-scripts=true')
    expect(installNativePrimitives()).toMatchObject({ signatures: 'libsodium', sha256: 'native' })
  })
})
