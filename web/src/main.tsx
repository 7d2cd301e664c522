import { render } from 'preact';
import { App } from './app.tsx';
import { followKeyboard } from './keyboard.ts';
import { follow } from './router.ts';
import { findSession } from './session.ts';
import { followTheme } from './theme.ts';
import './style.css';

const root = document.getElementById('app');
if (root === null) throw new Error('the page has no element to show the dashboard in');
followTheme();
follow();
followKeyboard();
void findSession();
render(<App />, root);
