import type { FormMessage, FormState } from '../contract/form';

/** The part of anywidget's model that the form uses. */
export interface IModel {
  get(name: 'form'): FormState;
  on(event: string, callback: () => void): void;
  off(event: string, callback: () => void): void;
  send(message: FormMessage): void;
}

/** The argument that anywidget passes to a view. */
export interface IRenderContext {
  readonly model: IModel;
  readonly el: HTMLElement;
}
