"""Tells in the terminal what happens: requests, runs with their failures, retries and waits, and lines of functions.

`Story.put` takes what happens, from any thread and at once. One thread does the rest: `narrator` turns it into `events`
and folds what repeats, a renderer of `rendering` makes lines of them, and `writer` writes them.
What an event says is decided once, in `layout`, for people; JSON has the event's fields.
"""

from localcloud.story.events import Notice, RequestServed
from localcloud.story.log_handler import StoryHandler
from localcloud.story.story import LogFormat, Story, log_format, open_story

__all__ = ["LogFormat", "Notice", "RequestServed", "Story", "StoryHandler", "log_format", "open_story"]
