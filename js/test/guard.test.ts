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

const STATUS: IStatusMessage = { kind: 'status', is_on: true, value_count: 12, mask_count: 3 };
const REPAIR: IRepairMessage = { kind: 'repair', cell_id: 'c', source: '%secret register x --key', unchanged: ['%secret register x --key', ''] };
const OFFER: IOfferMessage = { kind: 'offer', cell_id: 'c', source: 'token = ‹secret:x.key›', unchanged: ['token = ', ''], names: ['x.key'] };

/** The type of a comm in JupyterLab. */
type JupyterComm = Parameters<Parameters<IKernel['registerCommTarget']>[1]>[0];

/** The front end's side of a comm. */
class FakeComm {
  onMsg: (message: { content: { data: unknown } }) => void = () => undefined;
  onClose: () => void = () => undefined;
  readonly sent: unknown[] = [];

  send(data: unknown): void {
    this.sent.push(data);
  }

  deliver(data: unknown): void {
    this.onMsg({ content: { data } });
  }

  /** This comm with the type that JupyterLab expects. */
  get asJupyterComm(): JupyterComm {
    return this as unknown as JupyterComm;
  }
}

/** A fake of a kernel. The guard has opened a comm with each of the `ids` before the page was loaded. */
class FakeKernel implements IKernel {
  readonly id = 'kernel';
  readonly info = Promise.resolve();
  readonly kernelComms = new Map<string, FakeComm>();
  readonly attachedIds: string[] = [];
  private _onOpen: ((comm: JupyterComm, message: { content: { data: unknown } }) => void) | undefined;

  constructor(...ids: string[]) {
    for (const id of ids) {
      this.kernelComms.set(id, new FakeComm());
    }
  }

  registerCommTarget(target: string, callback: NonNullable<FakeKernel['_onOpen']>): void {
    expect(target).toBe(GUARD_TARGET);
    this._onOpen = callback;
  }

  hasComm(id: string): boolean {
    return this.attachedIds.includes(id);
  }

  createComm(_target: string, id: string): JupyterComm {
    this.attachedIds.push(id);
    return (this.kernelComms.get(id) ?? new FakeComm()).asJupyterComm;
  }

  requestCommInfo(): Promise<{ content: unknown }> {
    const comms = Object.fromEntries([...this.kernelComms.keys()].map(id => [id, {}]));
    return Promise.resolve({ content: { status: 'ok', comms } });
  }

  openComm(data: unknown): FakeComm {
    const comm = new FakeComm();
    this._onOpen?.(comm.asJupyterComm, { content: { data } });
    return comm;
  }
}

/** Records the requests of the guard. */
class FakeRepairer implements IRepairer {
  isSuccessful = true;
  readonly repairMessages: (IRepairMessage | IOfferMessage)[] = [];
  agree: () => void = () => undefined;

  repair(message: IRepairMessage | IOfferMessage): boolean {
    this.repairMessages.push(message);
    return this.isSuccessful;
  }

  displayedOutputs: readonly ICellOutput[] = [];
  replacedOutputs: readonly ICellOutput[] = [];

  takeOutputs(): readonly ICellOutput[] {
    return this.displayedOutputs;
  }

  replaceOutputs(outputs: readonly ICellOutput[]): boolean {
    this.replacedOutputs = outputs;
    return this.isSuccessful;
  }

  ask(_message: IOfferMessage, onAgree: () => void): void {
    this.agree = onAgree;
  }
}

let repairer: FakeRepairer;
let connection: GuardConnection;
let statusChangeCount: number;
let askedKernelIds: string[];
/** The server's answer to the question whether a kernel checks saved files. */
let savedFilesAnswer: Promise<boolean> = Promise.resolve(true);

beforeEach(() => {
  repairer = new FakeRepairer();
  askedKernelIds = [];
  connection = new GuardConnection(repairer, kernel => {
    askedKernelIds.push(kernel);
    return savedFilesAnswer;
  });
  statusChangeCount = 0;
  connection.statusChanged.connect(() => {
    statusChangeCount += 1;
  });
});

describe('a connection to the guard', () => {
  test('has a status once the kernel opens the comm, and updates it', () => {
    const kernel = new FakeKernel();
    connection.listen(kernel);
    expect(connection.status).toBeNull();
    const comm = kernel.openComm(STATUS);
    expect(connection.status).toEqual(STATUS);
    comm.deliver({ ...STATUS, is_on: false });
    expect(connection.status?.is_on).toBe(false);
    // The changes come from `listen`, from the opened comm, and from the second status.
    expect(statusChangeCount).toBe(3);
  });

  test('finds a guard that was loaded before the page, and sends hello once', async () => {
    const kernel = new FakeKernel('guard-comm');
    connection.listen(kernel);
    await connection.findComm();
    await connection.findComm();
    expect(kernel.attachedIds).toEqual(['guard-comm']);
    expect(kernel.kernelComms.get('guard-comm')?.sent).toEqual([{ kind: 'hello' }]);
    kernel.kernelComms.get('guard-comm')?.deliver(STATUS);
    expect(connection.status).toEqual(STATUS);
  });

  test('finds nothing in a kernel that is replaced during the request', async () => {
    const kernel = new FakeKernel('guard-comm');
    connection.listen(kernel);
    const request = connection.findComm();
    connection.listen(null);
    await request;
    expect(kernel.attachedIds).toEqual([]);
    // Without a kernel, the search ends without an error.
    await connection.findComm();
  });

  test.each([true, false])('answers a repair with its success: %s', isRepaired => {
    const kernel = new FakeKernel();
    connection.listen(kernel);
    repairer.isSuccessful = isRepaired;
    const comm = kernel.openComm(STATUS);
    comm.deliver(REPAIR);
    expect(repairer.repairMessages).toEqual([REPAIR]);
    expect(comm.sent).toEqual([{ kind: 'repaired', cell_id: 'c', is_repaired: isRepaired }]);
  });

  test('sends displayed outputs when the guard learns a value, and displays the redacted ones', () => {
    const kernel = new FakeKernel();
    connection.listen(kernel);
    const comm = kernel.openComm(STATUS);
    expect(comm.sent).toEqual([]);
    repairer.displayedOutputs = [{ cell_id: 'c', index: 0, output: { output_type: 'stream', text: 'value' } }];
    comm.deliver({ ...STATUS, mask_count: 4 });
    expect(comm.sent).toEqual([]);
    comm.deliver({ ...STATUS, value_count: 13 });
    expect(comm.sent).toEqual([{ kind: 'outputs', outputs: repairer.displayedOutputs }]);
    const maskedOutputs = [{ cell_id: 'c', index: 0, output: { output_type: 'stream', text: 'mask' } }];
    comm.deliver({ kind: 'outputs', outputs: maskedOutputs });
    expect(repairer.replacedOutputs).toEqual(maskedOutputs);
    expect(comm.sent).toHaveLength(1);
    repairer.isSuccessful = false;
    for (let attempt = 0; attempt < 10; attempt += 1) {
      comm.deliver({ kind: 'outputs', outputs: maskedOutputs });
    }
    // Outputs that change before each replacement are sent again five times.
    expect(comm.sent).toHaveLength(6);
  });

  test('replaces a source after an offer only if the user agrees', () => {
    const kernel = new FakeKernel();
    connection.listen(kernel);
    const comm = kernel.openComm(STATUS);
    comm.deliver(OFFER);
    expect(repairer.repairMessages).toEqual([]);
    repairer.agree();
    expect(repairer.repairMessages).toEqual([OFFER]);
    expect(comm.sent).toEqual([{ kind: 'repaired', cell_id: 'c', is_repaired: true }]);
  });

  // With `null`, the request to the server fails.
  test.each([true, false, null])('asks once whether saved files are checked: %s', async answer => {
    savedFilesAnswer = answer === null ? Promise.reject(new Error('no server')) : Promise.resolve(answer);
    const kernel = new FakeKernel();
    connection.listen(kernel);
    const comm = kernel.openComm(STATUS);
    comm.deliver({ ...STATUS, value_count: 13 });
    expect(connection.checksSavedFiles).toBeNull();
    await expect.poll(() => connection.checksSavedFiles).toBe(answer === true);
    expect(askedKernelIds).toEqual(['kernel']);
    comm.deliver({ ...STATUS, is_on: false });
    expect(connection.checksSavedFiles).toBeNull();
    comm.deliver(STATUS);
    expect(askedKernelIds).toEqual(['kernel', 'kernel']);
  });

  test('has no status after the guard or its kernel has ended', () => {
    const kernel = new FakeKernel();
    connection.listen(kernel);
    kernel.openComm(STATUS).onClose();
    expect(connection.status).toBeNull();
    kernel.openComm(STATUS);
    connection.disconnect();
    expect(connection.status).toBeNull();
  });

  test.each([
    null,
    'status',
    [],
    {},
    { kind: 'status', is_on: 'yes', value_count: 1, mask_count: 1 },
    { kind: 'status', is_on: true, value_count: NaN, mask_count: 1 },
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
    expect(textOf({ ...STATUS, value_count: 1 }, true)).toBe('Guard: 1 value');
    expect(textOf({ ...STATUS, is_on: false }, null)).toBe('Guard: off');
  });

  test('shows whether saved files are checked', () => {
    expect(textOf(STATUS, false)).toBe('Guard: 12 values, saved files not checked');
    expect(captionOf(STATUS, false)).toContain('Saved files are not checked');
    expect(captionOf(STATUS, true)).toContain('Saved files are checked');
    expect(captionOf(STATUS, null)).not.toContain('Saved');
  });

  test('has a tooltip with details', () => {
    expect(captionOf(STATUS, null)).toContain('3 masks in this session');
    expect(captionOf({ ...STATUS, mask_count: 0 }, null)).toContain('no mask yet');
    expect(captionOf({ ...STATUS, is_on: false }, null)).toContain('%secret guard on');
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
