import { beforeEach, describe, expect, test } from 'vitest';

import { GuardConnection, type IKernel, type IRepairer } from '../src/guard/guardConnection';
import { captionOf, StatusItem, textOf } from '../src/guard/statusItem';
import {
  GUARD_TARGET,
  type ICellOutput,
  type IOfferMessage,
  type IRepairMessage,
  type IStatusMessage,
  isGuardMessage
} from '../src/contract/guard';

const STATUS: IStatusMessage = { kind: 'status', on: true, values: 12, masked: 3 };
const REPAIR: IRepairMessage = { kind: 'repair', cell_id: 'c', source: '%secret register x --key', unchanged: ['%secret register x --key', ''] };
const OFFER: IOfferMessage = { kind: 'offer', cell_id: 'c', source: 't', unchanged: ['t = ', ''], names: ['x.key'] };

type Opened = Parameters<Parameters<IKernel['registerCommTarget']>[1]>[0];

/** The front end's side of a comm. */
class FakeComm {
  onMsg: (message: { content: { data: unknown } }) => void = () => undefined;
  onClose: () => void = () => undefined;
  readonly sent: unknown[] = [];

  send(data: unknown): void {
    this.sent.push(data);
  }

  say(data: unknown): void {
    this.onMsg({ content: { data } });
  }

  /** The comm with the type that JupyterLab expects. */
  get asOpened(): Opened {
    return this as unknown as Opened;
  }
}

/** A kernel whose guard may have been loaded before the page. */
class FakeKernel implements IKernel {
  readonly id = 'kernel';
  readonly info = Promise.resolve();
  readonly known = new Map<string, FakeComm>();
  readonly attached: string[] = [];
  private _opened: ((comm: Opened, message: { content: { data: unknown } }) => void) | undefined;

  constructor(...ids: string[]) {
    for (const id of ids) {
      this.known.set(id, new FakeComm());
    }
  }

  registerCommTarget(target: string, callback: NonNullable<FakeKernel['_opened']>): void {
    expect(target).toBe(GUARD_TARGET);
    this._opened = callback;
  }

  hasComm(id: string): boolean {
    return this.attached.includes(id);
  }

  createComm(_target: string, id: string): Opened {
    this.attached.push(id);
    return (this.known.get(id) ?? new FakeComm()).asOpened;
  }

  requestCommInfo(): Promise<{ content: unknown }> {
    const comms = Object.fromEntries([...this.known.keys()].map(id => [id, {}]));
    return Promise.resolve({ content: { status: 'ok', comms } });
  }

  open(data: unknown): FakeComm {
    const comm = new FakeComm();
    this._opened?.(comm.asOpened, { content: { data } });
    return comm;
  }
}

class FakeRepairer implements IRepairer {
  answer = true;
  readonly repaired: (IRepairMessage | IOfferMessage)[] = [];
  agree: () => void = () => undefined;

  repair(message: IRepairMessage | IOfferMessage): boolean {
    this.repaired.push(message);
    return this.answer;
  }

  shown: readonly ICellOutput[] = [];
  replaced: readonly ICellOutput[] = [];

  takeOutputs(): readonly ICellOutput[] {
    return this.shown;
  }

  replaceOutputs(outputs: readonly ICellOutput[]): boolean {
    this.replaced = outputs;
    return this.answer;
  }

  ask(_message: IOfferMessage, agreed: () => void): void {
    this.agree = agreed;
  }
}

let repairer: FakeRepairer;
let connection: GuardConnection;
let changes: number;
let asked: string[];
let checked: Promise<boolean> = Promise.resolve(true);

beforeEach(() => {
  repairer = new FakeRepairer();
  asked = [];
  connection = new GuardConnection(repairer, kernel => {
    asked.push(kernel);
    return checked;
  });
  changes = 0;
  connection.statusChanged.connect(() => {
    changes += 1;
  });
});

describe('a connection to the guard', () => {
  test('has a status once the kernel opens the comm, and updates it', () => {
    const kernel = new FakeKernel();
    connection.listen(kernel);
    expect(connection.status).toBeNull();
    const comm = kernel.open(STATUS);
    expect(connection.status).toEqual(STATUS);
    comm.say({ ...STATUS, on: false });
    expect(connection.status?.on).toBe(false);
    expect(changes).toBe(3);
  });

  test('finds a guard that was loaded before the page, and sends hello once', async () => {
    const kernel = new FakeKernel('here');
    connection.listen(kernel);
    await connection.find();
    await connection.find();
    expect(kernel.attached).toEqual(['here']);
    expect(kernel.known.get('here')?.sent).toEqual([{ kind: 'hello' }]);
    kernel.known.get('here')?.say(STATUS);
    expect(connection.status).toEqual(STATUS);
  });

  test('finds nothing in a kernel that is replaced during the request', async () => {
    const kernel = new FakeKernel('here');
    connection.listen(kernel);
    const found = connection.find();
    connection.listen(null);
    await found;
    expect(kernel.attached).toEqual([]);
    await connection.find();
  });

  test.each([true, false])('answers a repair with its success: %s', isRepaired => {
    const kernel = new FakeKernel();
    connection.listen(kernel);
    repairer.answer = isRepaired;
    const comm = kernel.open(STATUS);
    comm.say(REPAIR);
    expect(repairer.repaired).toEqual([REPAIR]);
    expect(comm.sent).toEqual([{ kind: 'repaired', cell_id: 'c', is_repaired: isRepaired }]);
  });

  test('sends displayed outputs when the guard learns a value, and displays the redacted ones', () => {
    const kernel = new FakeKernel();
    connection.listen(kernel);
    const comm = kernel.open(STATUS);
    expect(comm.sent).toEqual([]);
    repairer.shown = [{ cell_id: 'c', index: 0, output: { output_type: 'stream', text: 'value' } }];
    comm.say({ ...STATUS, masked: 4 });
    expect(comm.sent).toEqual([]);
    comm.say({ ...STATUS, values: 13 });
    expect(comm.sent).toEqual([{ kind: 'outputs', outputs: repairer.shown }]);
    const masked = [{ cell_id: 'c', index: 0, output: { output_type: 'stream', text: 'mask' } }];
    comm.say({ kind: 'outputs', outputs: masked });
    expect(repairer.replaced).toEqual(masked);
    expect(comm.sent).toHaveLength(1);
    repairer.answer = false;
    for (let time = 0; time < 10; time += 1) {
      comm.say({ kind: 'outputs', outputs: masked });
    }
    // Outputs that keep changing are sent a limited number of times.
    expect(comm.sent).toHaveLength(6);
  });

  test('replaces a source after an offer only if the user agrees', () => {
    const kernel = new FakeKernel();
    connection.listen(kernel);
    const comm = kernel.open(STATUS);
    comm.say(OFFER);
    expect(repairer.repaired).toEqual([]);
    repairer.agree();
    expect(repairer.repaired).toEqual([OFFER]);
    expect(comm.sent).toEqual([{ kind: 'repaired', cell_id: 'c', is_repaired: true }]);
  });

  test.each([true, false, null])('asks once whether saved files are checked: %s', async answer => {
    checked = answer === null ? Promise.reject(new Error('no server')) : Promise.resolve(answer);
    const kernel = new FakeKernel();
    connection.listen(kernel);
    const comm = kernel.open(STATUS);
    comm.say({ ...STATUS, values: 13 });
    expect(connection.checksSavedFiles).toBeNull();
    await expect.poll(() => connection.checksSavedFiles).toBe(answer === true);
    expect(asked).toEqual(['kernel']);
    comm.say({ ...STATUS, on: false });
    expect(connection.checksSavedFiles).toBeNull();
    comm.say(STATUS);
    expect(asked).toEqual(['kernel', 'kernel']);
  });

  test('has no status after the guard or its kernel has ended', () => {
    const kernel = new FakeKernel();
    connection.listen(kernel);
    kernel.open(STATUS).onClose();
    expect(connection.status).toBeNull();
    kernel.open(STATUS);
    connection.disconnect();
    expect(connection.status).toBeNull();
  });

  test.each([
    null,
    'status',
    [],
    {},
    { kind: 'status', on: 'yes', values: 1, masked: 1 },
    { kind: 'status', on: true, values: NaN, masked: 1 },
    { kind: 'repair', cell_id: 'c', unchanged: [] },
    { kind: 'repair', cell_id: 'c', source: 's' },
    { kind: 'repair', cell_id: 'c', source: 's', unchanged: [1] },
    { kind: 'offer', cell_id: 'c', source: 's', unchanged: [], names: [1] },
    { kind: 'outputs', outputs: [{ cell_id: 'c', index: 0, output: null }] },
    { kind: 'later', cell_id: 'c', source: 's' }
  ])('ignores %j', data => {
    expect(isGuardMessage(data)).toBe(false);
  });
});

describe('the status item', () => {
  test('shows the number of protected values, or that the guard is off', () => {
    expect(textOf(STATUS, null)).toBe('Guard: 12 values');
    expect(textOf({ ...STATUS, values: 1 }, true)).toBe('Guard: 1 value');
    expect(textOf({ ...STATUS, on: false }, null)).toBe('Guard: off');
  });

  test('shows whether saved files are checked', () => {
    expect(textOf(STATUS, false)).toBe('Guard: 12 values, saved files not checked');
    expect(captionOf(STATUS, false)).toContain('Saved files are not checked');
    expect(captionOf(STATUS, true)).toContain('Saved files are checked');
    expect(captionOf(STATUS, null)).not.toContain('Saved');
  });

  test('has a tooltip with details', () => {
    expect(captionOf(STATUS, null)).toContain('3 masks in this session');
    expect(captionOf({ ...STATUS, masked: 0 }, null)).toContain('no mask yet');
    expect(captionOf({ ...STATUS, on: false }, null)).toContain('%secret guard on');
  });

  test('is empty without a guard', () => {
    const item = new StatusItem();
    item.showStatus(STATUS);
    expect(item.node.textContent).toBe('Guard: 12 values');
    item.showStatus(null);
    expect(item.node.textContent).toBe('');
    expect(item.node.title).toBe('');
    item.dispose();
  });
});
