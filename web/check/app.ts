import { settled } from '../../src/core/attempt.ts'
import { EvidenceError, isEvidenceError } from '../../src/core/errors.ts'
import { visible } from '../../src/core/text.ts'
import { tellRefusal } from '../../src/told/refusal.ts'
import type { Words } from '../../src/words/index.ts'
import { topicOf } from '../../src/words/topic.ts'
import { button, el, fill, focusOn } from '../ui/dom.ts'
import { saveFile } from '../ui/save.ts'
import { nameText, sizeText } from '../ui/text.ts'
import { putApart } from './apart.ts'
import { chosen, filesOf, mostFiles, TooManyFiles } from './drop.ts'
import { type DroppedFile, type HashScript, pageHashing } from './hashing.ts'
import { forgetPolicy, keepPolicy, mayKeepPolicies, originsOf, type PolicyChoice } from './policies.ts'
import { type Asks, type HoldingResult, type Result, runChecks } from './run.ts'
import { resultsView, showWhole } from './view.ts'

/** What a page gives the checker. */
export interface Surroundings {
  readonly words: Words
  readonly hashScript: HashScript
  /** Policies that the page brings: its own, or its ledger's. */
  readonly policies: () => Promise<readonly PolicyChoice[]>
  readonly extras: Asks['extras']
  /** The certificate that the page is; undefined where it is none. */
  readonly own?: Asks['own']
  /** Asks the ledger that the page is from what happened later, when the reader says so; undefined in the one file. */
  readonly later: Asks['later']
  /** Makes the certificate of a result that holds; undefined where the page cannot. */
  readonly makeCertificate:
    | ((result: HoldingResult) => Promise<{ readonly name: string; readonly bytes: Uint8Array }>)
    | undefined
  /** Gives the receipts that a ledger has for a digest, as files; for a file that has none. */
  readonly findReceipts: ((file: DroppedFile, sha256: string) => Promise<readonly DroppedFile[]>) | undefined
}

/** What the reader handed over and chose: it outlives the checker, which is drawn anew in another language. */
export class Handed {
  readonly files = new Map<string, DroppedFile>()
  /** Paths of files that have the name of another one that was handed over. */
  readonly apart = new Set<string>()
  readonly policies = new Map<string, PolicyChoice>()
  /** The policy that the reader is pasting. */
  pasted = ''
  /** The reader pressed "ask the ledger". */
  asksLedger = false
  /** The checker that is shown: what is dropped is its. */
  shown: CheckApp | undefined

  constructor() {
    document.addEventListener('dragover', (event) => event.preventDefault())
    document.addEventListener('drop', (event) => {
      event.preventDefault()
      if (event.dataTransfer !== null) void this.shown?.take(filesOf(event.dataTransfer))
    })
    showWhole()
  }
}

/** Name of the policy that was pasted. */
const pastedName = 'pasted.policy'

/** The checker: takes what is dropped, judges it, shows what came of it. Nothing is sent before the reader asks for it. */
export class CheckApp {
  readonly element: HTMLElement
  private readonly surroundings: Surroundings
  private readonly state: Handed
  private readonly list = el('ul', { class: 'handed' })
  private readonly work = el('div', { class: 'work', role: 'status' })
  /** Says the worst outcome to who does not see the page; all of a result read out by itself would say nothing. */
  private readonly aloud = el('p', { class: 'aloud', role: 'status' })
  private readonly out = el('div', { class: 'out' })
  private running: AbortController | undefined

  constructor(state: Handed, surroundings: Surroundings) {
    state.shown?.running?.abort()
    state.shown = this
    this.state = state
    this.surroundings = surroundings
    const zone = this.zone()
    const results = [this.list, this.work, this.aloud, this.out]
    // What a certificate says of itself stands before what may be handed over besides, to the eye and to the Tab key.
    const parts = surroundings.own === undefined ? [zone, ...results] : [this.wayToHandOver(), ...results, zone]
    this.element = el('section', { class: 'check' }, ...parts)
    if (state.files.size > 0) void this.run()
  }

  /** In a certificate: that a file may be handed over, before its own verdict, which lacks one. */
  private wayToHandOver(): HTMLElement {
    const { page } = this.surroundings.words
    const choose = button(page.choose, () => {
      this.element.querySelector<HTMLElement>('#choose-files')?.click()
    })
    return el('p', { class: 'choose' }, choose, ' ', page.intro)
  }

  private zone(): HTMLElement {
    const { page, check } = this.surroundings.words
    const input = (attributes: object): HTMLInputElement => {
      const field: HTMLInputElement = el('input', {
        type: 'file',
        multiple: true,
        ...attributes,
        on: {
          change: () => {
            const files = Array.from(field.files ?? [])
            field.value = ''
            void this.take(Promise.resolve().then(() => chosen(files)))
          },
        },
      })
      return field
    }
    const text = el('textarea', {
      rows: 3,
      cols: 60,
      spellcheck: 'false',
      'aria-label': check.policy.paste,
      on: {
        input: () => {
          this.state.pasted = text.value
        },
      },
    })
    text.value = this.state.pasted
    const use = button(check.policy.use, () => {
      const blob = new Blob([text.value])
      // One text field holds one policy.
      this.state.files.delete(pastedName)
      void this.take(Promise.resolve(chosen([new File([blob], pastedName)])))
    })
    return el(
      'div',
      { class: 'zone' },
      el('h1', {}, page.checkTitle),
      el('p', {}, page.intro),
      el(
        'p',
        { class: 'choose' },
        el('label', { class: 'button' }, page.choose, input({ id: 'choose-files' })),
        ' ',
        el('label', { class: 'button' }, page.chooseFolder, input({ webkitdirectory: true, id: 'choose-folder' })),
        ' ',
        button(page.clear, () => this.clear()),
      ),
      el(
        'details',
        { class: 'paste', open: this.state.pasted !== '' },
        el('summary', {}, check.policy.paste),
        text,
        el('p', {}, use),
      ),
    )
  }

  private clear(): void {
    this.running?.abort()
    this.state.files.clear()
    this.state.apart.clear()
    this.state.policies.clear()
    this.state.asksLedger = false
    for (const part of [this.list, this.out, this.work, this.aloud]) fill(part)
    if (this.element.contains(document.activeElement))
      focusOn(this.element.querySelector('#choose-files') as HTMLElement)
    this.judgeOwn()
  }

  /** Judges the certificate that the page is itself, if it is one. */
  judgeOwn(): void {
    if (this.surroundings.own !== undefined) void this.run()
  }

  async take(files: Promise<readonly DroppedFile[]>): Promise<void> {
    const { words } = this.surroundings
    const bar = el('progress', { 'aria-label': words.page.reading })
    fill(this.work, el('p', {}, words.page.reading, ' ', bar))
    try {
      for (const file of await files) {
        const path = await putApart(this.state.files, file)
        if (path !== undefined) this.state.apart.add(path)
      }
    } catch (error) {
      if (error instanceof TooManyFiles)
        fill(this.work, el('p', { role: 'alert' }, words.page.tooMany(sizeText(mostFiles))))
      else if (isEvidenceError(error))
        fill(this.work, el('p', { role: 'alert' }, nameText(tellRefusal('', error, words).faults[0]?.message ?? '')))
      else this.failed(error)
      return
    }
    fill(this.work)
    if (this.state.files.size === 0) return
    await this.run()
    this.bringIntoSight()
  }

  /** What was handed over far below its verdict would seem to have none, or to have what stands beside it. */
  private bringIntoSight(): void {
    const { top } = this.out.getBoundingClientRect()
    if (top < 0 || top > innerHeight / 2) this.out.scrollIntoView()
  }

  private showHanded(): void {
    const { page } = this.surroundings.words
    const shown = [...this.state.files.values()].slice(0, 50)
    const items = shown.map(({ path, size }, n) => {
      const remove = button(
        '×',
        () => {
          this.state.files.delete(path)
          this.state.apart.delete(path)
          if (this.state.files.size === 0) this.clear()
          else void this.run()
        },
        { 'aria-label': `${page.remove} ${visible(path)}`, class: 'remove', id: `remove-${n}` },
      )
      return el(
        'li',
        {},
        nameText(visible(path)),
        ` ${this.surroundings.words.check.facts.bytes(sizeText(size))} `,
        remove,
      )
    })
    const more = this.state.files.size - shown.length
    const apart = [...this.state.apart]
    fill(
      this.list,
      apart.length === 0
        ? undefined
        : el(
            'li',
            { class: 'apart', role: 'note' },
            page.apart(sizeText(apart.length)),
            ' ',
            nameText(visible(apart[0] ?? '')),
          ),
      ...items,
      more > 0 ? el('li', {}, this.surroundings.words.check.folder.more(sizeText(more))) : undefined,
    )
  }

  private async run(): Promise<void> {
    const { surroundings, state } = this
    const handed = [...state.files.values()]
    const { words } = surroundings
    this.running?.abort()
    const controller = new AbortController()
    this.running = controller
    this.showHanded()
    const total = handed.reduce((sum, { size }) => sum + size, 0)
    const bar = el('progress', { max: Math.max(1, total), value: 0, 'aria-label': words.page.hashing })
    const figure = el('span', {})
    const cancelled = (): void => {
      if (this.running === controller) fill(this.work, el('p', {}, words.page.cancelled))
    }
    const stop = (): void => {
      controller.abort()
      // Said at once: a ledger that does not answer is waited for longer.
      cancelled()
    }
    const cancel = button(words.page.cancel, stop, { class: 'cancel' })
    fill(this.aloud)
    fill(this.work, el('p', {}, words.page.judging, ' ', bar, ' ', figure, ' ', cancel))
    let done = 0
    const onBytes = (count: number): void => {
      // What is hashed in the page itself ends here: a package may unpack to any size.
      controller.signal.throwIfAborted()
      done += count
      bar.value = done
      figure.textContent = words.page.progress(sizeText(done), sizeText(Math.max(done, total)))
    }
    try {
      const asks = await this.asks(controller.signal, onBytes)
      const results = await runChecks(handed, asks)
      if (controller.signal.aborted) return
      fill(this.work)
      this.show(results, asks)
    } catch (error) {
      if (controller.signal.aborted) cancelled()
      else this.failed(error)
    }
  }

  private async asks(signal: AbortSignal, onBytes: (count: number) => void): Promise<Asks> {
    const { surroundings, state } = this
    const slow = el('p', {}, surroundings.words.page.noWorker)
    const withoutWorker = (): void => {
      if (!slow.isConnected) this.work.append(slow)
    }
    return {
      hashing: pageHashing({ ...surroundings.hashScript, withoutWorker }, signal),
      offered: await surroundings.policies(),
      chosen: state.policies,
      extras: surroundings.extras,
      own: surroundings.own,
      later: state.asksLedger ? surroundings.later : undefined,
      onBytes,
    }
  }

  private show(results: readonly Result[], asks: Asks): void {
    const { words, later, makeCertificate } = this.surroundings
    if (results.length === 0) {
      fill(this.out, el('p', {}, words.check.sentence.empty))
      fill(this.aloud, words.check.sentence.empty)
      return
    }
    const unproven = results.flatMap((one) =>
      one.what === 'refused' && one.task.what === 'unproven' ? [one.task.path] : [],
    )
    const askLedger = (): void => {
      this.state.asksLedger = true
      void this.askFor(unproven, asks).then(
        async (notes) => {
          await this.run()
          fill(this.work, ...notes)
        },
        (error: unknown) => this.failed(error),
      )
    }
    const view = resultsView(results, words, {
      keepPolicy: mayKeepPolicies() ? keepPolicy : undefined,
      forgetPolicy: (choice) => {
        for (const origin of originsOf(choice)) forgetPolicy(origin)
        void this.run()
      },
      choosePolicy: (origin, choice) => {
        this.state.policies.set(origin, choice)
        void this.run()
      },
      saveCertificate:
        makeCertificate === undefined
          ? undefined
          : async (result) => {
              const { name, bytes } = await makeCertificate(result)
              saveFile(name, bytes)
            },
      askLedger: later === undefined || this.state.asksLedger ? undefined : askLedger,
    })
    const first = view.querySelector<HTMLElement>('.verdict')
    first?.querySelector('h2')?.setAttribute('data-focus', '')
    fill(this.out, view)
    const said = [...(first?.querySelectorAll('h2, .sentence') ?? [])].map(({ textContent }) => textContent)
    fill(this.aloud, said.join(' – '))
    const title = first?.querySelector('h2')
    // Who pressed "cancel", and was too late.
    if (title instanceof HTMLElement && document.activeElement === this.work) focusOn(title)
  }

  /**
   * Asks the ledger for receipts of files that have none, by digest; what it gives is judged like any other. Gives what is to be said of files for
   * which there is none.
   */
  private async askFor(paths: readonly string[], { hashing }: Asks): Promise<readonly HTMLElement[]> {
    const { findReceipts, words } = this.surroundings
    if (findReceipts === undefined) return []
    const notes: HTMLElement[] = []
    fill(this.work, el('p', {}, words.page.asking))
    for (const path of paths) {
      const file = this.state.files.get(path)
      if (file === undefined) continue
      const { digest } = await hashing.digests(file, ['sha256'])
      const found = await settled(findReceipts(file, digest.sha256 as string))
      if (found instanceof EvidenceError) notes.push(this.refusedNote(path, found))
      else if (found.length === 0) notes.push(el('p', {}, nameText(visible(path)), ': ', words.page.noDeposit))
      else for (const receipt of found) this.state.files.set(receipt.path, receipt)
    }
    return notes
  }

  private refusedNote(path: string, refusal: EvidenceError): HTMLElement {
    const { page, check } = this.surroundings.words
    return el(
      'div',
      { class: 'finding', role: 'alert', 'data-code': refusal.code },
      el('p', {}, nameText(visible(path)), ': ', page.notAsked, ' ', check.topic[topicOf(refusal.code)]),
      el('p', { class: 'detail', lang: 'en' }, nameText(visible(refusal.message)), ' ', el('code', {}, refusal.code)),
    )
  }

  /** The page itself failed: that says nothing of the evidence, and must not look as if it did. */
  private failed(error: unknown): void {
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    fill(this.work)
    fill(
      this.out,
      el(
        'p',
        { role: 'alert', class: 'failed' },
        this.surroundings.words.page.failed,
        ' ',
        el('code', {}, visible(text)),
      ),
    )
  }
}
